import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';

type Make = () => unknown;
type Constructor = new () => object;

/** What stands behind an export's name: a model, or what makes one. */
export interface Exported {
  value: unknown;
  /** How many arguments whoever makes it requires. */
  parameters: number;
}

export const isModel = (value: unknown): value is tf.LayersModel => value instanceof tf.LayersModel;

const isClass = (value: unknown): value is Constructor =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

export const isMaker = (value: unknown): value is Make => typeof value === 'function' && !isClass(value);

const parametersOf = (value: unknown): number => (typeof value === 'function' ? value.length : 0);

/** A model that an object of the user's class holds: itself, or the only one among its properties. */
const modelWithin = (made: object): unknown => {
  if (isModel(made)) return made;
  const held = new Set(Object.values(made).filter(isModel));
  const [only] = held;
  return held.size === 1 ? only : made;
};

/** A class gives a model by being one, or by holding one when it is made without arguments. */
const givenBy = (value: unknown): Exported =>
  isClass(value)
    ? { value: () => modelWithin(new value()), parameters: parametersOf(value) }
    : { value, parameters: parametersOf(value) };

/** A part of an export: of an object, of a class itself, or of what the class makes. */
const partOf = (owner: unknown, name: string): Exported | null => {
  const bound = (holder: object): Exported => {
    const value = (holder as Record<string, unknown>)[name];
    return isMaker(value)
      ? { value: value.bind(holder) as Make, parameters: parametersOf(value) }
      : givenBy(value);
  };
  if (isClass(owner) && !(name in owner)) {
    const isMethod = typeof (owner.prototype as Record<string, unknown>)[name] === 'function';
    const make = (): unknown => {
      const { value } = bound(new owner());
      return isMethod && isMaker(value) ? value() : value;
    };
    return {
      value: make,
      parameters: Math.max(
        parametersOf(owner),
        isMethod ? parametersOf((owner.prototype as Record<string, unknown>)[name]) : 0,
      ),
    };
  }
  const isHolder = (typeof owner === 'object' && owner !== null) || typeof owner === 'function';
  return isHolder && name in owner ? bound(owner) : null;
};

/**
 * What `name` stands for among a module's exports: one of them, or by a dot a part of one, e.g. a method of a class.
 * Throws `modelNotFound`.
 */
export const exportNamed = (file: string, exports: ReadonlyMap<string, unknown>, name: string): Exported => {
  if (exports.has(name)) return givenBy(exports.get(name));
  const dot = name.indexOf('.');
  const part = dot > 0 ? partOf(exports.get(name.slice(0, dot)), name.slice(dot + 1)) : null;
  if (part) return part;
  const known = [...exports.keys()].join(', ') || 'nothing';
  throw new Failed(
    'modelNotFound',
    `${basename(file)} has no export named ${name}; it exports ${known}.`,
    'Write the name of an exported model, or of a function that returns one, after the #.',
  );
};

/** What was given in place of a model, as a person would say it. */
export const described = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  const isOtherCopy = typeof value === 'object' && 'layers' in value && 'predict' in value;
  if (isOtherCopy) return 'a model of another copy of TensorFlow.js';
  return typeof value === 'object' ? `a ${value.constructor?.name ?? 'plain'} object` : `a ${typeof value}`;
};
