"""spanhook install and uninstall: what they write, what they refuse, and that they leave no trace behind."""

import json
import os
import platform
import shutil
import stat
import subprocess
import time

from harness import BINARY, Skip, until

EVENTS = ["agentSpawn", "userPromptSubmit", "preToolUse", "postToolUse", "stop"]
TRIGGERS = ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop"]
AGENT_COMMAND = f"{BINARY} hook --agent kiro --from agent"
HOOKS_COMMAND = f"{BINARY} hook --agent kiro --from hooks"

# odd on purpose: tabs, blanks before colons, an escaped name, entries of another tool, no newline at the end
MINE = b'''{
\t"name" : "mine",
\t"description": "\\u00e4 agent \xe2\x9c\x93",
\t"tools": ["*"],  "allowedTools": [ ],

\t"hooks": {
\t\t"preToolUse": [
\t\t\t{"matcher": "execute_bash", "command": "audit --quick"}
\t\t],
\t\t"\\u0073top": [{"command":"notify-send done"}]
\t},
\t"model": null
}'''


def kiro(home):
    return home.path / ".kiro"


def put(path, data, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    path.chmod(mode)
    return path


def tree(folder):
    """Every name below the folder with what it is: bytes, link target, mode and time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (stat.S_IMODE(status.st_mode), content)
    return found


def times(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def install(home, *arguments, env=None, expect=0, binary=None, cwd=None):
    return run(home, "install", "kiro", *arguments, env=env, expect=expect, binary=binary, cwd=cwd)


def uninstall(home, *arguments, env=None, expect=0):
    return run(home, "uninstall", "kiro", *arguments, env=env, expect=expect)


def run(home, *arguments, env=None, expect=0, binary=None, cwd=None):
    result = subprocess.run([binary or BINARY, *arguments], env=env or home.env(), cwd=cwd or home.path, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=30)
    assert result.returncode == expect, result
    return result.stdout.decode(), result.stderr.decode()


def load(path):
    return json.loads(path.read_bytes())


def commands_of_agent(path):
    return {event: [entry["command"] for entry in entries] for event, entries in load(path).get("hooks", {}).items()}


def hooks_of_file(path):
    return [(hook["trigger"], hook["action"]["command"]) for hook in load(path)["hooks"]]


def copy_of_binary(home, folder):
    target = home.path / folder / "spanhook"
    target.parent.mkdir(parents=True)
    shutil.copy(BINARY, target)
    return str(target)


def refused(home, *words, arguments=()):
    """Installing fails with one line that has the words, and changes nothing at all."""
    before = tree(kiro(home))
    stamps = times(kiro(home))
    out, err = install(home, *arguments, expect=1)
    assert out == "" and err.count("\n") == 1 and err.startswith("spanhook install: "), (out, err)
    for word in words:
        assert word in err, err
    assert tree(kiro(home)) == before and times(kiro(home)) == stamps
    return err


def test_fresh_install_wires_all_engines(home):
    out, err = install(home)
    assert err == "", err
    agent = load(kiro(home) / "agents" / "spanhook.json")
    assert agent["hooks"] == {event: [{"command": AGENT_COMMAND, "timeout_ms": 3000}] for event in EVENTS}
    assert agent["tools"] == ["*"] and agent["includeMcpJson"] is True
    assert {"file://AGENTS.md", "skill://.kiro/skills/**/SKILL.md", "file://.kiro/steering/**/*.md"} <= set(agent["resources"])
    known = {"name", "description", "prompt", "mcpServers", "tools", "toolAliases", "allowedTools", "toolsSettings", "resources", "hooks",
             "includeMcpJson", "model"}
    assert set(agent) <= known
    hooks = load(kiro(home) / "hooks" / "spanhook.json")
    assert hooks["version"] == "v1"
    assert hooks_of_file(kiro(home) / "hooks" / "spanhook.json") == [(trigger, HOOKS_COMMAND) for trigger in TRIGGERS]
    for hook in hooks["hooks"]:
        assert hook["timeout"] == 3 and hook["enabled"] is True and hook["action"]["type"] == "command"
        assert hook.get("matcher") == (".*" if "ToolUse" in hook["trigger"] else None)
    assert load(kiro(home) / "settings" / "cli.json") == {"chat.defaultAgent": "spanhook"}
    assert "spanhook view" in out and "kiro-cli" in out
    assert not list(home.path.rglob("*.spanhook-*"))


def test_second_run_changes_no_byte(home):
    put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    install(home)
    before, stamps = tree(home.path), times(home.path)
    out, err = install(home)
    assert out.startswith("already installed") and err == ""
    assert tree(home.path) == before and times(home.path) == stamps


def test_dry_run_touches_nothing(home):
    put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    before = tree(home.path)
    out, _ = install(home, "--dry-run")
    assert "would edit" in out and "would create" in out and "+++ ~/.kiro/agents/mine.json" in out and "+\t\t\t\t\"command\"" in out
    removed = [line for line in out.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert all(line.rstrip(",") in ("-" + text.rstrip(",") for text in MINE.decode().splitlines()) for line in removed), removed
    assert tree(home.path) == before
    install(home)
    before = tree(home.path)
    out, _ = uninstall(home, "--dry-run")
    assert "would remove" in out and "would edit" in out
    assert tree(home.path) == before


def test_default_agent_of_the_user_is_kept(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE, mode=0o640)
    settings = put(kiro(home) / "settings" / "cli.json", b'{"chat.defaultAgent": "mine", "x": 1}\n')
    before = tree(kiro(home))
    install(home)
    assert settings.read_bytes() == b'{"chat.defaultAgent": "mine", "x": 1}\n'
    assert not (kiro(home) / "agents" / "spanhook.json").exists()
    commands = commands_of_agent(mine)
    assert commands == {"preToolUse": ["audit --quick", AGENT_COMMAND], "stop": ["notify-send done", AGENT_COMMAND],
                        "agentSpawn": [AGENT_COMMAND], "userPromptSubmit": [AGENT_COMMAND], "postToolUse": [AGENT_COMMAND]}
    # everything that was there still is, in order: only insertions
    position = 0
    after = mine.read_bytes()
    for byte in MINE:
        position = after.index(bytes([byte]), position) + 1
    assert b'"\\u0073top": [{"command":"notify-send done"}, {"command" : "' in after
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640
    backup = mine.with_name("mine.json.spanhook-backup")
    assert backup.read_bytes() == MINE and stat.S_IMODE(backup.stat().st_mode) == 0o640
    uninstall(home)
    assert tree(kiro(home)) == before


def test_default_agent_is_found_by_its_name(home):
    mine = put(kiro(home) / "agents" / "other-file.json", {"name": "mine"})
    settings = put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    install(home)
    assert set(commands_of_agent(mine)) == set(EVENTS)
    assert load(settings) == {"chat.defaultAgent": "mine"}


def test_default_agent_without_file_is_replaced_and_restored(home):
    settings = put(kiro(home) / "settings" / "cli.json", b'{\n    "a": 1,\n    "chat.defaultAgent" : "kiro_planner",\n    "b": [1,2]\n}\n')
    install(home)
    assert settings.read_bytes() == b'{\n    "a": 1,\n    "chat.defaultAgent" : "spanhook",\n    "b": [1,2]\n}\n'
    # Kiro itself rewrites this file whenever a setting changes
    settings.write_bytes(settings.read_bytes().replace(b'"a": 1', b'"a": 2'))
    uninstall(home)
    assert settings.read_bytes() == b'{\n    "a": 2,\n    "chat.defaultAgent" : "kiro_planner",\n    "b": [1,2]\n}\n'
    assert sorted(path.name for path in kiro(home).iterdir()) == ["settings"]


def test_default_agent_chosen_since_stays(home):
    settings = put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "kiro_planner"})
    install(home)
    settings.write_text('{"chat.defaultAgent": "later"}')
    out, _ = uninstall(home)
    assert "stays" in out
    assert load(settings) == {"chat.defaultAgent": "later"}
    assert not (kiro(home) / "agents").exists()


def test_v3_default_agent_stays(home):
    put(kiro(home) / "agents" / "mine.md", b"---\nname: mine\n---\n")
    settings = put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    out, _ = install(home)
    assert load(settings) == {"chat.defaultAgent": "mine"} and "--agent spanhook" in out
    assert set(commands_of_agent(kiro(home) / "agents" / "spanhook.json")) == set(EVENTS)


def test_named_agent(home):
    one, two = (put(kiro(home) / "agents" / f"{name}.json", {"name": name}) for name in ("one", "two"))
    settings = put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "two"})
    before = tree(kiro(home))
    install(home, "--agent", "one")
    assert set(commands_of_agent(one)) == set(EVENTS) and load(two) == {"name": "two"}
    assert load(settings) == {"chat.defaultAgent": "two"} and not (kiro(home) / "agents" / "spanhook.json").exists()
    install(home)
    assert set(commands_of_agent(two)) == set(EVENTS)
    uninstall(home)
    assert tree(kiro(home)) == before


def test_named_agent_must_exist(home):
    put(kiro(home) / "agents" / "one.json", {"name": "one"})
    assert "no agent two" in refused(home, arguments=("--agent", "two"))
    for name in ("../one", "a/b", ".", "..", "", "x\ny", "x" * 200):
        assert "cannot be an agent's name" in refused(home, arguments=(f"--agent={name}",))


def test_usage(home):
    for arguments in (("install",), ("install", "emacs"), ("uninstall",), ("install", "kiro", "--prompt-chars", "-1"),
                      ("install", "kiro", "--prompt-chars", "many"), ("install", "kiro", "--nonsense")):
        out, err = run(home, *arguments, expect=2)
        assert out == "" and err, arguments
    assert not kiro(home).exists()


def test_entries_of_other_installations_become_one(home):
    mine = put(kiro(home) / "agents" / "mine.json", {
        "name": "mine", "hooks": {"stop": [
            {"command": "/old/bin/spanhook hook", "timeout_ms": 30000, "matcher": "*"}, {"command": "keep me"},
            {"command": "'/old place/spanhook' hook --agent kiro"}, {"command": "spanhook hook"}],
            "preToolUse": [{"command": "NOTE=1 spanhook hook", "cache_ttl_seconds": 60}]}})
    install(home, "--agent", "mine")
    hooks = load(mine)["hooks"]
    assert hooks["stop"] == [{"command": AGENT_COMMAND, "timeout_ms": 3000}, {"command": "keep me"}]
    assert hooks["preToolUse"] == [{"command": f"NOTE=1 {AGENT_COMMAND}", "timeout_ms": 3000}]


def test_foreign_hooks_in_our_hooks_file_stay(home):
    theirs = {"name": "lint", "trigger": "PostFileSave", "matcher": "\\.c$", "action": {"type": "command", "command": "lint"}}
    file = put(kiro(home) / "hooks" / "spanhook.json", {"version": "v1", "hooks": [theirs]})
    before = file.read_bytes()
    install(home)
    assert load(file)["hooks"][0] == theirs and len(load(file)["hooks"]) == 6
    uninstall(home)
    assert file.read_bytes() == before


def test_prompt_chars_are_kept_until_given_again(home):
    install(home, "--prompt-chars", "0")
    agent, hooks = kiro(home) / "agents" / "spanhook.json", kiro(home) / "hooks" / "spanhook.json"
    assert set(sum(commands_of_agent(agent).values(), [])) == {AGENT_COMMAND + " --prompt-chars 0"}
    assert {command for _, command in hooks_of_file(hooks)} == {HOOKS_COMMAND + " --prompt-chars 0"}
    assert install(home)[0].startswith("already installed")
    install(home, "--prompt-chars", "80")
    assert set(sum(commands_of_agent(agent).values(), [])) == {AGENT_COMMAND + " --prompt-chars 80"}


def test_kiro_home(home):
    elsewhere = home.path / "else where"
    env = home.env(KIRO_HOME=elsewhere)
    install(home, env=env)
    assert (elsewhere / "agents" / "spanhook.json").exists() and not kiro(home).exists()
    assert f"file://{elsewhere}/steering/**/*.md" in load(elsewhere / "agents" / "spanhook.json")["resources"]
    uninstall(home, env=env)
    assert not elsewhere.exists()
    install(home, env=home.env(KIRO_HOME="relative"))
    assert (kiro(home) / "agents" / "spanhook.json").exists() and not (home.path / "relative").exists()


def test_project_scope_is_never_touched(home):
    project = home.path / "project"
    put(project / ".kiro" / "agents" / "spanhook.json", {"name": "spanhook"})
    before = tree(project)
    install(home, cwd=project)
    uninstall(home)
    assert tree(project) == before


def test_path_for_the_shell(home):
    binary = copy_of_binary(home, "it's a $HOME `dir`")
    _, err = install(home, binary=binary)
    assert "single quotes" in err
    command = commands_of_agent(kiro(home) / "agents" / "spanhook.json")["stop"][0]
    payload = b'{"hook_event_name":"stop","session_id":"s","cwd":"/","assistant_response":"x"}'
    for shell in ("bash", "sh"):
        result = subprocess.run([shell, "-c", command], input=payload, env=home.env(), capture_output=True, timeout=30)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), result
    assert len(home.ops()) == 2
    assert install(home, binary=binary)[0].startswith("already installed")
    uninstall(home)
    assert not kiro(home).exists()


def test_path_that_others_can_write_is_warned_of(home):
    binary = copy_of_binary(home, "open")
    os.chmod(os.path.dirname(binary), 0o777)
    _, err = install(home, binary=binary)
    assert "others may write" in err and os.path.dirname(binary) in err
    assert commands_of_agent(kiro(home) / "agents" / "spanhook.json")["stop"] == [f"{binary} hook --agent kiro --from agent"]


def test_binary_of_another_name_is_refused(home):
    binary = copy_of_binary(home, "bin")
    other = binary + "-2"
    os.rename(binary, other)
    _, err = install(home, binary=other, expect=1)
    assert "must be called spanhook" in err and not kiro(home).exists()


def test_moved_binary_updates_and_still_restores(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    # nothing but the backup knows how the blanks in the empty lists were
    put(kiro(home) / "agents" / "odd.json", b'{"hooks": {"stop": [ ],\n "agentSpawn": [\n\n]}}')
    before = tree(kiro(home))
    first = copy_of_binary(home, "first")
    install(home, binary=first)
    install(home, "--agent", "odd", binary=first)
    assert commands_of_agent(mine)["stop"] == ["notify-send done", f"{first} hook --agent kiro --from agent"]
    install(home)
    assert commands_of_agent(mine)["stop"] == ["notify-send done", AGENT_COMMAND]
    assert mine.with_name("mine.json.spanhook-backup").read_bytes() == MINE
    uninstall(home)
    assert tree(kiro(home)) == before


def test_recorded_once_on_v3_with_both_forms(home):
    install(home)
    agent = commands_of_agent(kiro(home) / "agents" / "spanhook.json")["preToolUse"][0]
    hooks = dict(hooks_of_file(kiro(home) / "hooks" / "spanhook.json"))["PreToolUse"]
    payload = json.dumps({"hook_event_name": "PreToolUse", "session_id": "sess_1", "cwd": "/", "tool_name": "read_file", "tool_input": {"path": "x"}})
    for command in (agent, hooks):
        subprocess.run(["bash", "-c", command], input=payload.encode(), env=home.env(), check=True, timeout=30)
    assert len(home.ops()) == 1
    payload = json.dumps({"hook_event_name": "preToolUse", "session_id": "v2", "cwd": "/", "tool_name": "read", "tool_input": {}})
    subprocess.run(["bash", "-c", agent], input=payload.encode(), env=home.env(), check=True, timeout=30)
    assert len(home.ops()) == 2


def places(home):
    put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "kiro_default"})
    put(kiro(home) / "hooks" / "spanhook.json", {"version": "v1", "hooks": []})
    return [(("--agent", "mine"), kiro(home) / "agents" / "mine.json"), ((), kiro(home) / "settings" / "cli.json"),
            ((), kiro(home) / "hooks" / "spanhook.json")]


def test_V07_symlink_is_refused(home):
    for options, path in places(home):
        target = home.path / "dotfiles"
        path.rename(target)
        path.symlink_to(target)
        refused(home, str(path), "symbolic link", arguments=options)
        path.unlink()
        target.rename(path)


def test_V07_link_that_is_right_already_is_left_alone(home):
    put(kiro(home) / "agents" / "mine.json", MINE)
    install(home, "--agent", "mine")
    path = kiro(home) / "agents" / "mine.json"
    path.rename(home.path / "dotfiles")
    path.symlink_to(home.path / "dotfiles")
    out, _ = install(home, "--agent", "mine")
    assert out.startswith("already installed") and path.is_symlink()


def test_V07_hard_link_is_refused(home):
    path = put(kiro(home) / "agents" / "mine.json", MINE)
    os.link(path, home.path / "second")
    refused(home, "hard link", arguments=("--agent", "mine"))


def test_V07_read_only_is_refused(home):
    for options, path in places(home):
        path.chmod(0o444)
        refused(home, str(path), "read-only", arguments=options)
        path.chmod(0o644)


def test_V07_invalid_json_is_refused(home):
    for options, path in places(home):
        good = path.read_bytes()
        for bad in (b"", b"{", b"// mine\n{}", b'{"hooks": {},}', b"\xef\xbb\xbf{}", b"\x00", good + b"}"):
            path.write_bytes(bad)
            refused(home, str(path), "not valid JSON", arguments=options)
        path.write_bytes(good)


def test_V07_unexpected_shapes_are_refused(home):
    path = kiro(home) / "agents" / "mine.json"
    for text in (b"[]", b'{"hooks": []}', b'{"hooks": {"stop": {}}}', b'{"hooks": {}, "hooks": {}}', b'{"hooks": null}'):
        put(path, text)
        refused(home, str(path), arguments=("--agent", "mine"))
    path.unlink()
    path.mkdir()
    refused(home, "not a regular file", arguments=("--agent", "mine"))
    path.rmdir()
    os.mkfifo(path)
    result = subprocess.run([BINARY, "install", "kiro", "--agent", "mine"], env=home.env(), capture_output=True, timeout=30)
    assert result.returncode == 1 and b"not a regular file" in result.stderr


def test_V07_edit_at_the_same_time_is_refused(home):
    if not shutil.which("strace"):
        raise Skip("strace is not here")
    path = put(kiro(home) / "agents" / "mine.json", MINE)
    for change in (lambda: path.write_bytes(MINE + b"\n"),
                   lambda: (path.with_suffix(".new").write_bytes(MINE), path.with_suffix(".new").rename(path)),
                   path.unlink):
        # the first fsync belongs to the backup: the installer has read the file and is about to write
        child = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1500000:when=1", BINARY,
                                  "install", "kiro", "--agent", "mine"], env=home.env(), cwd=home.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        home.children.append(child)
        until(lambda: child.poll() is not None or list(kiro(home).rglob("*.spanhook-??????")), what="the temporary file")
        time.sleep(0.05)
        change()
        edited = path.read_bytes() if path.exists() else None
        _, err = child.communicate(timeout=30)
        if b"ptrace" in err and b"not permitted" in err.lower():
            raise Skip("strace may not trace here")
        assert child.returncode == 1 and b"changed by somebody else" in err, err
        assert (path.read_bytes() if path.exists() else None) == edited
        # nothing half done: no hooks file, no record, no backup, no temporary file
        assert [str(name.relative_to(kiro(home))) for name in kiro(home).rglob("*") if name.is_file()] == (["agents/mine.json"] if edited else [])
        assert not (home.state / "install-kiro.json").exists()
        put(path, MINE)


def test_V07_failure_halfway_is_taken_back(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "hooks", b"a file where a folder must be")
    before = tree(kiro(home))
    install(home, "--agent", "mine", expect=1)
    assert tree(kiro(home)) == before and mine.read_bytes() == MINE
    assert not (home.state / "install-kiro.json").exists()


def test_V07_failure_between_files_is_taken_back(home):
    if not shutil.which("strace") or platform.machine() != "x86_64":
        raise Skip("needs strace on x86-64")
    put(kiro(home) / "agents" / "mine.json", MINE, mode=0o640)
    before = tree(kiro(home))
    # renames: backup, agent, hooks file; and with renameat: the record
    for fault in ("rename:error=EIO:when=3", "renameat:error=EIO:when=1"):
        result = subprocess.run(["strace", "-f", "-qq", "-o", home.path / "trace", "-e", f"inject={fault}", BINARY, "install", "kiro", "--agent",
                                 "mine"], env=home.env(), cwd=home.path, capture_output=True, timeout=30)
        if b"not permitted" in result.stderr.lower():
            raise Skip("strace may not trace here")
        assert b"INJECTED" in (home.path / "trace").read_bytes()
        assert result.returncode == 1 and result.stderr.startswith(b"spanhook install: cannot "), result
        assert tree(kiro(home)) == before
        assert not (home.state / "install-kiro.json").exists()
    install(home, "--agent", "mine")
    wired = tree(kiro(home))
    result = subprocess.run(["strace", "-f", "-qq", "-o", home.path / "trace", "-e", "inject=unlink:error=EIO:when=1", BINARY, "uninstall", "kiro"],
                            env=home.env(), cwd=home.path, capture_output=True, timeout=30)
    assert result.returncode == 1 and tree(kiro(home)) == wired, result
    uninstall(home)
    assert tree(kiro(home)) == before


def test_V07_uninstall_refuses_too(home):
    path = put(kiro(home) / "agents" / "mine.json", MINE)
    install(home, "--agent", "mine")
    wired = path.read_bytes()
    for spoil, mend in ((lambda: path.chmod(0o444), lambda: path.chmod(0o644)),
                        (lambda: path.write_bytes(wired[:-1]), lambda: path.write_bytes(wired))):
        spoil()
        before = tree(kiro(home))
        _, err = uninstall(home, expect=1)
        assert err.count("\n") == 1 and str(path) in err
        assert tree(kiro(home)) == before
        mend()
    uninstall(home)
    assert path.read_bytes() == MINE


def test_V09_uninstall_keeps_the_backlog_and_restores_bytes(home):
    put(kiro(home) / "agents" / "mine.json", MINE, mode=0o600)
    put(kiro(home) / "settings" / "cli.json", b'{"chat.defaultAgent":"mine"}')
    put(kiro(home) / "hooks" / "other.json", {"version": "v1", "hooks": []})
    before = tree(kiro(home))
    install(home)
    env = home.env(SPANHOOK_RELAY="off")
    for number in range(3):
        home.hook({"hook_event_name": "preToolUse", "session_id": "s", "cwd": "/", "tool_name": "read", "tool_input": {"n": number}},
                  "--agent", "kiro", env=env)
    recorded = home.ops()
    assert len(recorded) == 3
    out, err = uninstall(home, env=env)
    assert tree(kiro(home)) == before and err == ""
    assert home.ops() == recorded and ".local/state/spanhook" in out


def test_V09_edits_since_the_installation_stay(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    install(home)
    mine.write_bytes(mine.read_bytes().replace(b'"model": null', b'"model": "auto"').replace(b"audit --quick", b"audit --slow"))
    out, _ = uninstall(home)
    assert mine.read_bytes() == MINE.replace(b'"model": null', b'"model": "auto"').replace(b"audit --quick", b"audit --slow")
    assert "backup stays" in out and mine.with_name("mine.json.spanhook-backup").read_bytes() == MINE


def test_V09_edits_between_two_installations_stay(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    install(home, "--agent", "mine")
    mine.write_bytes(mine.read_bytes().replace(b'"model": null', b'"model": "auto"'))
    install(home, "--agent", "mine", "--prompt-chars", "10")
    uninstall(home)
    assert mine.read_bytes() == MINE.replace(b'"model": null', b'"model": "auto"')


def test_V09_own_agent_with_additions_is_kept(home):
    install(home)
    own = kiro(home) / "agents" / "spanhook.json"
    text = load(own)
    text["prompt"] = "be brief"
    own.write_text(json.dumps(text))
    uninstall(home)
    del text["hooks"]
    assert load(own) == text
    assert not (kiro(home) / "settings").exists() and not (kiro(home) / "hooks").exists()


def test_V09_uninstall_without_record(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    settings = put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "kiro_planner"})
    install(home, "--agent", "mine")
    install(home)
    shutil.rmtree(home.state)
    uninstall(home)
    assert mine.read_bytes() == MINE and load(settings) == {"chat.defaultAgent": "kiro_planner"}
    assert not (kiro(home) / "agents" / "spanhook.json").exists() and not (kiro(home) / "hooks" / "spanhook.json").exists()


def test_V09_new_backup_after_uninstall(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    install(home, "--agent", "mine")
    mine.write_bytes(mine.read_bytes().replace(b'"model": null', b'"model": "auto"'))
    uninstall(home)
    changed = mine.read_bytes()
    install(home, "--agent", "mine")
    assert mine.with_name("mine.json.spanhook-backup").read_bytes() == changed
    uninstall(home)
    assert mine.read_bytes() == changed and not list(kiro(home).rglob("*.spanhook-*"))


def test_uninstall_when_not_installed(home):
    for _ in range(2):
        out, err = uninstall(home)
        assert out.startswith("not installed") and err == ""
        assert not kiro(home).exists()
        install(home)
        uninstall(home)
