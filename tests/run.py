#!/usr/bin/env python3
"""Runs the tests and sums them up; the last line is "N passed, N failed", with ", N skipped" where some were.

  tests/run.py [--unit PROGRAM…] [--replay PROGRAM…] [--process] [--emulator COMMAND] [--except WORD…] [-- WORD…]

--unit     unit test programs; each ends with a line "N passed, N failed"
--replay   fuzz targets that play their corpus, tests/fuzz/corpus/<target>; the same line
--process  the functions test_* of tests/process/test_*.py (the default). Each gets a fresh harness.Home in a process of its own.
           `function.timeout = seconds` (default 120) bounds it; `function.alone = True` keeps everything else still meanwhile
WORD       runs only what has one of the words in its name (module.function for process tests); --except: only what has none

A test that raises harness.Skip is skipped; with CI=true in the environment that counts as a failure, unless its text begins with
"optional:"."""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import re
import shlex
import signal
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROCESS_TESTS = ROOT / "tests" / "process"
PARALLEL = 2
TIMEOUT = 120
GRACE = 20  # seconds a test that is out of time gets to clean up after itself
STRICT = os.environ.get("CI") == "true"


class OutOfTime(BaseException):
    """Not an Exception, so that no test takes it for one of its own."""


class Task:
    """One test, or one program of tests, run in a child of its own that leads its own process group."""

    def __init__(self, kind, name, timeout=TIMEOUT, alone=False):
        self.kind, self.name, self.timeout, self.alone = kind, name, timeout, alone
        self.passed = self.failed = self.skipped = 0
        self.seconds, self.text = 0.0, ""

    def start(self, folder):
        self.output = folder / "output"
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            status = 70
            try:
                os.setsid()
                # A runner in the background, or under nohup, ignores some, and its children would.
                for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
                    signal.signal(number, signal.SIG_DFL)
                descriptor = os.open(self.output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0o600)
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, 0)
                os.dup2(descriptor, 1)
                os.dup2(descriptor, 2)
                os.closerange(3, 64)
                status = self.child(folder)
            except BaseException:  # whatever it is must not run on as a second copy of the runner
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)

    def finished(self):
        """True once the child has ended; ends it when its time is up."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            if time.monotonic() < self.started + self.timeout + GRACE:
                return False
            self.kill()
            _, status = os.waitpid(self.pid, 0)
        self.seconds = time.monotonic() - self.started
        # What the test has left running in its group, if anything.
        self.kill()
        self.judge(os.waitstatus_to_exitcode(status))
        return True

    def kill(self):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def printed(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""


class Program(Task):
    def __init__(self, kind, path, command):
        super().__init__(kind, pathlib.Path(path).name, timeout=600)
        self.command = command

    def child(self, folder):
        os.chdir(ROOT)
        os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        signal.alarm(self.timeout)
        os.execvp(self.command[0], self.command)

    def judge(self, status):
        printed = self.printed()
        found = re.search(r"^(\d+) passed, (\d+) failed\s*\Z", printed, re.MULTILINE)
        if found:
            self.passed, self.failed = int(found[1]), int(found[2])
        if not found or (status != 0) != (self.failed > 0):
            self.failed += 1
            printed += f"{self.name}: ended with {status} and no result that fits\n"
        if self.failed:
            self.text = printed[-20000:]


class ProcessTest(Task):
    def __init__(self, name, function):
        super().__init__("process", name, getattr(function, "timeout", TIMEOUT),
                         getattr(function, "alone", False))
        self.function = function

    def child(self, folder):
        import harness

        def out_of_time(*ignored):
            raise OutOfTime(f"not done within {self.timeout} s")

        # What a test that dies leaves behind goes with the run's own folder.
        tempfile.tempdir = str(folder)
        signal.signal(signal.SIGALRM, out_of_time)
        signal.alarm(self.timeout)
        result = {"outcome": "passed"}
        home = harness.Home()
        try:
            self.function(home)
        except harness.Skip as skip:
            result = {"outcome": "skipped", "text": str(skip)}
        except (Exception, OutOfTime, SystemExit) as failure:
            result = {"outcome": "failed", "text": short_traceback(failure)}
        finally:
            signal.alarm(0)
            try:
                home.close()
            except Exception as failure:
                result = {"outcome": "failed", "text": "while cleaning up: " + short_traceback(failure)}
        (folder / "result").write_text(json.dumps(result))
        return 0

    def judge(self, status):
        try:
            result = json.loads((self.output.parent / "result").read_text())
        except (OSError, ValueError):
            result = {"outcome": "failed", "text": f"ended with {status} and no result"}
        text = result.get("text", "")
        if result["outcome"] == "passed":
            self.passed = 1
        elif result["outcome"] == "skipped" and not (STRICT and not text.startswith("optional:")):
            self.skipped, self.text = 1, text
        else:
            self.failed = 1
            self.text = ("skipped where it must not be: " if result["outcome"] == "skipped" else "") + text + "\n" + self.printed()[-10000:]


def short_traceback(failure):
    """Without the runner's own frames, and with long byte strings cut."""
    lines = traceback.format_exception(type(failure), failure, failure.__traceback__.tb_next or failure.__traceback__)
    return "".join(line if len(line) < 2000 else line[:1500] + " … " + line[-400:] for line in lines)


def load(path):
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def process_tests():
    sys.path.insert(0, str(PROCESS_TESTS))
    tasks = []
    for path in sorted(PROCESS_TESTS.glob("test_*.py")):
        try:
            module = load(path)
        except Exception as failure:
            broken = Task("process", path.stem)
            broken.failed, broken.text = 1, short_traceback(failure)
            tasks.append(broken)
            continue
        tasks += [ProcessTest(f"{path.stem}.{name}", function) for name, function in vars(module).items()
                  if name.startswith("test_") and callable(function) and function.__module__ == module.__name__]
    return tasks


class Progress:
    def __init__(self, total):
        self.total, self.done, self.line = total, 0, sys.stdout.isatty()

    def report(self, task):
        self.done += 1
        if self.line:
            print("\r\033[K", end="")
        if task.failed:
            print(f"FAILED {task.kind} {task.name} ({task.seconds:.1f} s)\n{task.text.rstrip()}\n")
        elif task.skipped:
            print(f"skipped {task.name}: {task.text}")
        if self.line:
            print(f"{self.done}/{self.total} {task.name}", end="\r" if self.done < self.total else "\r\033[K")
        sys.stdout.flush()


def run(tasks, folder):
    """Two at a time, in order; then those that want the machine for themselves."""
    progress = Progress(len(tasks))
    for task in tasks:
        if task.failed:
            progress.report(task)
    startable = [task for task in tasks if not task.failed]
    number = 0
    for group, parallel in ((False, PARALLEL), (True, 1)):
        waiting = [task for task in startable if bool(task.alone) == group]
        running = []
        try:
            while waiting or running:
                while waiting and len(running) < parallel:
                    task = waiting.pop(0)
                    number += 1
                    own = folder / str(number)
                    own.mkdir()
                    task.start(own)
                    running.append(task)
                ended = [task for task in running if task.finished()]
                for task in ended:
                    running.remove(task)
                    progress.report(task)
                if not ended:
                    time.sleep(0.005)
        finally:
            for task in running:
                task.kill()


def summary(tasks):
    for kind in ("unit", "replay", "process"):
        of_kind = [task for task in tasks if task.kind == kind]
        if of_kind:
            passed, failed, skipped = (sum(getattr(task, count) for task in of_kind) for count in ("passed", "failed", "skipped"))
            print(f"{kind:8} {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    slow = sorted((task for task in tasks if task.seconds > 5), key=lambda task: -task.seconds)[:6]
    if slow:
        print("slowest: " + ", ".join(f"{task.name} {task.seconds:.0f} s" for task in slow))
    failures = [task.name for task in tasks if task.failed]
    if failures:
        print("failed: " + ", ".join(failures))
    passed, failed, skipped = (sum(getattr(task, count) for task in tasks) for count in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed == 0 and passed > 0


def main():
    parser = argparse.ArgumentParser(description="Runs the tests and sums them up.")
    parser.add_argument("--unit", nargs="*", default=[], metavar="PROGRAM")
    parser.add_argument("--replay", nargs="*", default=[], metavar="PROGRAM")
    parser.add_argument("--process", action="store_true")
    parser.add_argument("--emulator", default="", metavar="COMMAND")
    parser.add_argument("--except", nargs="*", default=[], metavar="WORD", dest="others")
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_args()

    emulator = shlex.split(options.emulator)
    tasks = [Program("unit", path, emulator + [os.path.abspath(path)]) for path in options.unit]
    for path in options.replay:
        target = pathlib.Path(path).name.removeprefix("replay_")
        tasks.append(Program("replay", path, emulator + [os.path.abspath(path), str(ROOT / "tests" / "fuzz" / "corpus" / target)]))
    if options.process or not tasks:
        tasks += process_tests()
    if options.words:
        tasks = [task for task in tasks if any(word in task.name for word in options.words)]

    tasks = [task for task in tasks if not any(word in task.name for word in options.others)]

    def stop(*ignored):
        raise SystemExit(130)

    signal.signal(signal.SIGTERM, stop)
    with tempfile.TemporaryDirectory(prefix="spanhook-run-", ignore_cleanup_errors=True) as folder:
        # Homes lie in it, and some tests enter them as another user.
        os.chmod(folder, 0o711)
        try:
            run(tasks, pathlib.Path(folder))
        except KeyboardInterrupt:
            print("\ninterrupted")
            summary(tasks)
            return 130
    return 0 if summary(tasks) else 1


if __name__ == "__main__":
    sys.exit(main())
