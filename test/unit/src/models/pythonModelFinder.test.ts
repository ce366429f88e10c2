import { describe, expect, it } from 'vitest';
import { findPythonModels } from '../../../../src/models/pythonModelFinder';

/** `line name kind`, with a `?` where an import would not find it. */
const found = (...lines: string[]): string[] =>
  findPythonModels(lines.join('\n')).map(
    ({ line, name, kind, exportName }) => `${line} ${name} ${kind}${exportName === name ? '' : '?'}`,
  );

describe('Keras models in Python', () => {
  it.each([
    ['import keras', 'net = keras.Sequential([])'],
    ['import keras as k', 'net = k.Sequential()'],
    ['import keras.models', 'net = keras.models.Sequential()'],
    ['import tensorflow as tf', 'net = tf.keras.Sequential([])'],
    ['import tensorflow as tf', 'net = tf.keras.models.Sequential([])'],
    ['import tensorflow', 'net = tensorflow.keras.Sequential([])'],
    ['import tensorflow.keras as K', 'net = K.Sequential([])'],
    ['import tensorflow.compat.v1 as tf', 'net = tf.keras.Sequential([])'],
    ['from tensorflow import keras', 'net = keras.Sequential([])'],
    ['from tensorflow.keras import models, layers', 'net = models.Sequential([])'],
    ['from tensorflow.keras import models as m', 'net = m.Model(i, o)'],
    ['from keras.models import (Sequential as S, Model)', 'net = S()'],
    ['from keras.models import *', 'net = Sequential()'],
    ['from keras.engine.training import Model', 'net = Model(inputs=i, outputs=o)'],
    ['from tf_keras import Model', 'net = Model(i, [a, b])'],
    ['import numpy as np, keras as k', 'net: k.Model = k.Model(inputs=i, outputs=o, name="n")'],
  ])('%s; %s', (...lines) => {
    expect(found(...lines)).toEqual(['1 net value']);
  });

  it('made by functions of every spelling', () => {
    expect(
      found(
        'import keras',
        'def direct(width=4):',
        '    return keras.Sequential([])',
        'def named():',
        '    net = keras.Sequential()',
        '    net.add(layer)',
        '    net.compile("adam")',
        '    return net',
        '@cached',
        'def functional():',
        '    i = keras.Input((3,))',
        '    return (keras.Model(i, f(i)) if deep else keras.Sequential([i]))',
        'short = lambda: keras.Sequential()',
        'def outer():',
        '    def inner():',
        '        return keras.Sequential()',
        '    return 3',
      ),
    ).toEqual([
      '1 direct function',
      '3 named function',
      '8 functional function',
      '12 short function',
      '14 inner function?',
    ]);
  });

  it('where Python looks for names: functions see the module, not the class around them', () => {
    expect(
      found(
        'class Maker:',
        '    import keras',
        '    net = keras.Sequential()',
        '    def make(self):',
        '        return keras.Sequential()',
        'def late():',
        '    from keras import Sequential as S',
        '    return S()',
        'elsewhere = S()',
      ),
    ).toEqual(['2 net value?', '5 late function']);
  });

  it('in the branches and blocks of a module', () => {
    expect(
      found(
        'try:',
        '    import keras',
        'except ImportError:',
        '    keras = None',
        'with scope():',
        '    one = keras.Sequential()',
        'if big:',
        '    two = keras.Sequential([a])',
        'else:',
        '    two = keras.Sequential([b])',
      ),
    ).toEqual(['5 one value', '9 two value']);
  });

  it('that an import of the file would not find are told from the others', () => {
    expect(
      found(
        'import keras',
        'if __name__ == "__main__":',
        '    script = keras.Sequential()',
        'def main():',
        '    local = keras.Sequential()',
        '    local.fit(x)',
        'class Gan:',
        '    def generator(self):',
        '        return keras.Sequential()',
        'async def later():',
        '    return keras.Sequential()',
      ),
    ).toEqual(['2 script value?', '4 local value?', '7 Gan.generator function?', '9 later function?']);
  });

  it('are whole: what lies in another model, or beside the one that is returned, is a part', () => {
    expect(
      found(
        'import keras',
        'net = keras.Sequential([keras.Sequential([a]), keras.Model(i, o)])',
        'def make():',
        '    base = keras.Sequential()',
        '    return keras.Model(base.input, f(base.output))',
      ),
    ).toEqual(['1 net value', '2 make function']);
  });

  it('span their declaration', () => {
    const [model] = findPythonModels('import keras\n\nnet = keras.Sequential(\n    [a],\n)\n');
    expect(model).toEqual({
      name: 'net',
      exportName: 'net',
      kind: 'value',
      exportBy: null,
      line: 2,
      column: 0,
      endLine: 4,
    });
  });
});

describe('what only looks like a Keras model', () => {
  it.each([
    ['# import keras', 'net = keras.Sequential()'],
    ['"""import keras"""', 'net = keras.Sequential()'],
    ['import keras', 'text = "keras.Sequential()"'],
    ['import torch.nn as keras', 'net = keras.Sequential()'],
    ['from torch.nn import Sequential  # keras', 'net = Sequential()'],
    ['from .keras import Sequential', 'net = Sequential()'],
    ['from . import keras', 'net = keras.Sequential()'],
    ['from kerastuner import Sequential', 'net = Sequential()'],
    ['from keras.layers import Model', 'net = Model(i, o)'],
    ['import keras', 'net = keras.utils.Sequential()'],
    ['import keras', 'net = keras.Sequential'],
    ['import keras', 'net = keras.Model()'],
    ['import keras', 'net = keras.Model(name="empty")'],
    ['import keras', 'net = keras.Model(*parts, **more)'],
    ['import keras', 'net = keras.SequentialModel()'],
    ['import keras', 'class Net(keras.Model): pass', 'net = Net(i, o)'],
    ['import keras', 'class keras: Sequential = 1', 'net = other.Sequential()'],
    ['import keras', 'def f(keras):', '    return keras.Sequential()'],
    ['import keras', 'def f():', '    keras = fake()', '    return keras.Sequential()'],
    ['import keras', 'for keras in fakes:', '    pass', 'def f(keras=1): return keras.Sequential()'],
    ['import keras', 'def f():', '    return keras.Sequential(), 1'],
    ['import keras', 'a, b = keras.Sequential()'],
    ['import keras', 'self.net = keras.Sequential()'],
    ['import keras', 'nets["a"] = keras.Sequential()'],
    ['import keras', 'nets = [keras.Sequential() for i in range(3)]'],
    ['import keras', 'train(keras.Sequential())'],
    ['import keras', 'keras.Sequential().fit(x)'],
    ['import keras', 'weights = keras.Sequential().get_weights()'],
  ])('%s; %s', (...lines) => {
    expect(found(...lines)).toEqual([]);
  });

  it('is no reason to fail on broken text', () => {
    expect(found('import keras', 'def f(:', '  net = keras.Sequential([', 'class')).toBeDefined();
    expect(found('import keras', 'net = keras.Sequential(', 'other = keras.Sequential()')).toBeDefined();
  });
});
