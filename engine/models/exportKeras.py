"""Saves a Keras model that Python code makes: exportKeras.py FILE NAME OUTPUT

Imports FILE as any other module would, takes the model called NAME, or what the function NAME returns, and saves it.
Standard output carries one JSON object and nothing that the code prints.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
answers, sys.stdout = sys.stdout, sys.stderr


class Refused(Exception):
    """What the user must know, in one sentence."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def import_file(file):
    """A file of a package is imported as part of it, so that its relative imports work."""
    folder, name = os.path.split(os.path.abspath(file))
    names = [os.path.splitext(name)[0]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        names.insert(0, package)
    if names[-1] == "__init__" and len(names) > 1:
        names.pop()
    sys.path.insert(0, folder)
    if len(names) > 1:
        return importlib.import_module(".".join(names))
    spec = importlib.util.spec_from_file_location(names[0], file)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(names[0], module)
    spec.loader.exec_module(module)
    return module


def find(module, name):
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise Refused("absent", "There is no %s in %s." % (name, os.path.basename(module.__file__)))
        found = getattr(found, part)
    return found


def is_model(value):
    """Of keras, tf.keras or tf_keras: whichever the code has imported."""
    return any(
        base.__name__ == "Model" and base.__module__.split(".")[0] in ("keras", "tf_keras", "tensorflow")
        for base in type(value).__mro__
    )


def made(value, name):
    if is_model(value):
        return value
    if not callable(value):
        raise Refused("none", "%s is of the type %s, which is no Keras model." % (name, type(value).__name__))
    required = [
        one.name
        for one in inspect.signature(value).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if required:
        raise Refused("arguments", "%s takes arguments without defaults: %s." % (name, ", ".join(required)))
    result = value()
    if is_model(result):
        return result
    raise Refused("none", "%s returns the type %s, which is no Keras model." % (name, type(result).__name__))


def check(model, name):
    try:
        inputs = model.inputs
    except AttributeError:
        inputs = None
    if not inputs and type(model).__name__ == "Sequential":
        raise Refused("shape", "%s has no input shape yet." % name)
    if not getattr(model, "_is_graph_network", bool(inputs)) and type(model).__name__ != "Sequential":
        raise Refused("subclass", "%s is of the class %s, which no file format can describe." % (name, type(model).__name__))


def save(model, output):
    """As .keras; by a Keras that does not know it yet, as .h5."""
    os.makedirs(os.path.dirname(output), exist_ok=True)
    for ending in (".keras", ".h5"):
        unfinished = "%s.%d%s" % (output, os.getpid(), ending)
        try:
            model.save(unfinished)
            if os.path.isfile(unfinished):
                os.replace(unfinished, output + ending)
                return output + ending
        except ValueError:
            if ending == ".h5":
                raise
        finally:
            if os.path.isfile(unfinished):
                os.remove(unfinished)
    raise Refused("none", "Keras saved no file.")


def last_line(error, file):
    """`model.py:12: ValueError: …`, at the innermost line of the user's own file."""
    own = [one for one in traceback.extract_tb(error.__traceback__) if os.path.abspath(one.filename) == os.path.abspath(file)]
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else (own[-1].lineno if own else None)
    place = "%s:%s: " % (os.path.basename(file), line) if line else ""
    return place + traceback.format_exception_only(type(error), error)[-1].strip()


def main(file, name, output):
    model = made(find(import_file(file), name), name)
    check(model, name)
    return {"file": save(model, output), "parameters": model.count_params()}


try:
    answer = main(*sys.argv[1:4])
except Refused as refused:
    answer = {"refused": refused.kind, "message": str(refused)}
except ModuleNotFoundError as error:
    answer = {"refused": "module", "message": last_line(error, sys.argv[1]), "module": error.name}
except (Exception, SystemExit) as error:  # whatever the user's code raises is told
    answer = {"refused": "raised", "message": last_line(error, sys.argv[1])}
answers.write(json.dumps(answer) + "\n")
answers.flush()
os._exit(0)
