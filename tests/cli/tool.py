"""What tests of the command line share: a folder of their own, running wedge, schemas."""
import json, os, shutil, subprocess


def enter(work):
    """Makes the folder anew and works in it."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    os.chdir(work)


def runner(wedge, errors="strict"):
    """run(...): the command's two outputs, once its exit status is `code`. errors="strict": they must be UTF-8."""

    def run(*args, code=0, **more):
        p = subprocess.run([wedge, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        out, err = p.stdout.decode(errors=errors), p.stderr.decode(errors=errors)
        assert p.returncode == code, (args, p.returncode, out[-2000:], err)
        return out, err

    return run


def validator(schemas, name):
    import jsonschema

    with open(os.path.join(schemas, name)) as f:
        return jsonschema.Draft202012Validator(json.load(f))
