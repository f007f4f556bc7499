"""spanhook install kiro --mcp: what stands in front of MCP servers, what stays as it is, and that it comes off without a trace."""

import json
import os
import shutil
import stat
import subprocess
import time

from harness import BINARY, Skip, until
from test_install import AGENT_COMMAND, EVENTS, commands_of_agent, copy_of_binary, install, kiro, load, put, refused, run, times, tree, \
    uninstall

# odd on purpose: tabs, lines ended in different ways, escapes, an empty list with a blank, unknown members, no newline at the end
SERVERS = b'''{
\t"mcpServers" : {
\t\t"files": {
\t\t\t"command": "npx",
\t\t\t"args": [
\t\t\t\t"-y", "@modelcontextprotocol/server-filesystem",
\t\t\t\t"/tmp"
\t\t\t],
\t\t\t"env" : {"A": "$B"}, "timeout": 1e4,
\t\t\t"autoApprove": ["read"], "unknown": {"args": ["x"]}
\t\t},
\t\t"n\\u0061med \\"so\\"": { "args":["a" ,"b"],"command":"\\u0075vx" , "disabled":true },\r
\t\t"no args": {"command":"/opt/server"},
\t\t"empty": {"command":"srv", "args": [ ]},
\t\t"web": {"type": "http", "url": "https://example.com/mcp", "headers": {}}
\t},
\t"powers": {"mcpServers": {"p": {"command": "npx"}}}
}'''

MINE = b'{"name": "mine", "mcpServers": {"a": {"command": "a"}, "b": {"command": "b", "args": [ ]}}}\n'

# what the servers run once they are wrapped
BEHIND = {"files": ["npx", "-y", "@modelcontextprotocol/server-filesystem", "/tmp"], 'named "so"': ["uvx", "a", "b"],
          "no args": ["/opt/server"], "empty": ["srv"]}


def servers_file(home):
    return kiro(home) / "settings" / "mcp.json"


def server(name, command=None, binary=BINARY, options=()):
    behind = command or BEHIND[name]
    return {"command": binary, "args": ["mcp", "--name", name, *options, "--", *behind]}


def settle(home):
    """An installation without servers, so that a test sees only what --mcp does."""
    put(kiro(home) / "agents" / "mine.json", {"name": "mine"})
    put(kiro(home) / "settings" / "cli.json", {"chat.defaultAgent": "mine"})
    install(home)


def test_servers_are_wrapped_in_place(home):
    path = put(servers_file(home), SERVERS, mode=0o640)
    before = load(path)
    out, err = install(home, "--mcp")
    assert err == "" and "4 MCP servers wrapped" in out, (out, err)
    assert "the MCP server web is reached over HTTP" in out
    after = load(path)
    for name in BEHIND:
        assert after["mcpServers"][name] == {**before["mcpServers"][name], **server(name)}, name
    del before["mcpServers"], after["mcpServers"]
    assert after == before
    # everything but the commands still is there, in order: only insertions
    position, text = 0, path.read_bytes()
    for byte in SERVERS.replace(b'"npx"', b'"', 1).replace(b'"\\u0075vx"', b'"').replace(b'"/opt/server"', b'"').replace(b'"srv"', b'"'):
        position = text.index(bytes([byte]), position) + 1
    assert b'\t\t\t"args": [\n\t\t\t\t"mcp",\n\t\t\t\t"--name",\n\t\t\t\t"files",\n\t\t\t\t"--",\n\t\t\t\t"npx",\n\t\t\t\t"-y", "@' in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    backup = path.with_name("mcp.json.spanhook-backup")
    assert backup.read_bytes() == SERVERS and stat.S_IMODE(backup.stat().st_mode) == 0o640


def test_second_run_changes_no_byte(home):
    put(servers_file(home), SERVERS)
    put(kiro(home) / "agents" / "mine.json", {"mcpServers": {"a": {"command": "a"}}})
    install(home, "--mcp")
    before, stamps = tree(home.path), times(home.path)
    for arguments in ((), ("--mcp",)):
        out, err = install(home, *arguments)
        assert out.startswith("already installed") and err == ""
        assert ("over HTTP" in out) == bool(arguments)
        assert tree(home.path) == before and times(home.path) == stamps


def test_dry_run_touches_nothing(home):
    put(servers_file(home), SERVERS)
    before = tree(home.path)
    out, _ = install(home, "--mcp", "--dry-run")
    assert "would edit    ~/.kiro/settings/mcp.json" in out and "would copy    ~/.kiro/settings/mcp.json" in out
    assert "+++ ~/.kiro/settings/mcp.json" in out and '-\t\t\t"command": "npx",' in out and '+\t\t\t\t"mcp",' in out
    assert tree(home.path) == before
    install(home, "--mcp")
    before = tree(home.path)
    for arguments in ((), ("--mcp",)):
        out, _ = uninstall(home, "--dry-run", *arguments)
        assert "would edit    ~/.kiro/settings/mcp.json" in out and ("would remove" in out) == (arguments == ())
        assert tree(home.path) == before


def test_without_the_option_servers_stay(home):
    put(servers_file(home), SERVERS)
    put(kiro(home) / "agents" / "other.json", {"mcpServers": {"a": {"command": "a"}}})
    before = tree(kiro(home))
    out, err = install(home)
    assert "MCP" not in out and err == ""
    after = tree(kiro(home))
    assert all(after[name] == before[name] for name in before if before[name][1])


def test_agents_are_wrapped_too(home):
    settle(home)
    put(kiro(home) / "agents" / "other.json", b'{"name":"other","hooks": { },"mcpServers":{"a":{"command":"a","args":["b"]}}}')
    plain = put(kiro(home) / "agents" / "plain.json", b'{"name": "plain"}')
    original = tree(kiro(home))
    out, _ = install(home, "--mcp")
    assert out.count("edited") == 1 and "agents/other.json" in out
    other = load(kiro(home) / "agents" / "other.json")
    assert other == {"name": "other", "hooks": {}, "mcpServers": {"a": server("a", ["a", "b"])}}
    assert plain.read_bytes() == b'{"name": "plain"}'
    uninstall(home, "--mcp")
    assert tree(kiro(home)) == original


def test_hooks_and_servers_of_one_file_are_one_change(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    before = tree(kiro(home))
    out, _ = install(home, "--agent", "mine", "--mcp")
    assert out.count("agents/mine.json:") == 1 and "one entry for each" in out and "2 MCP servers wrapped" in out
    assert set(commands_of_agent(mine)) == set(EVENTS) and load(mine)["mcpServers"] == {"a": server("a", ["a"]), "b": server("b", ["b"])}
    assert mine.with_name("mine.json.spanhook-backup").read_bytes() == MINE
    uninstall(home)
    assert tree(kiro(home)) == before


def test_unwrapping_leaves_the_hooks(home):
    mine = put(kiro(home) / "agents" / "mine.json", MINE)
    path = put(servers_file(home), SERVERS)
    original = tree(kiro(home))
    install(home, "--agent", "mine")
    hooked, record = tree(kiro(home)), (home.state / "install-kiro.json").read_bytes()
    install(home, "--agent", "mine", "--mcp")
    assert load(mine)["mcpServers"]["a"] == server("a", ["a"])
    out, err = uninstall(home, "--mcp")
    assert err == "" and "recorded" not in out and "backup stays" not in out
    assert tree(kiro(home)) == hooked and path.read_bytes() == SERVERS
    assert (home.state / "install-kiro.json").read_bytes() == record
    out, err = uninstall(home, "--mcp")
    assert out.startswith("not installed") and err == "" and tree(kiro(home)) == hooked
    install(home, "--agent", "mine", "--mcp")
    uninstall(home)
    assert tree(kiro(home)) == original


def test_state_folder_of_its_own_is_said(home):
    path = put(servers_file(home), SERVERS)
    folder = home.path / "state of \"mine\""
    install(home, "--mcp", env=home.env(SPANHOOK_HOME=folder))
    assert load(path)["mcpServers"]["empty"] == server("empty", options=("--state", str(folder)))
    assert install(home, "--mcp", env=home.env(SPANHOOK_HOME=folder))[0].startswith("already installed")
    # another one, without --mcp: brought up to date; the usual one needs no word
    install(home, env=home.env(XDG_STATE_HOME=home.path / "x"))
    assert load(path)["mcpServers"]["files"]["args"] == server("files", options=("--state", str(home.path / "x" / "spanhook")))["args"]
    install(home, env=home.env(XDG_STATE_HOME=home.path / ".local" / "state"))
    assert load(path)["mcpServers"]["empty"] == server("empty")
    install(home, env=home.env(SPANHOOK_HOME=folder))
    uninstall(home, env=home.env(SPANHOOK_HOME=folder))
    assert path.read_bytes() == SERVERS


def test_state_folder_that_json_cannot_hold_is_refused(home):
    put(servers_file(home), SERVERS)
    before = tree(kiro(home))
    env = {**{name.encode(): value.encode() for name, value in home.env().items()}, b"SPANHOOK_HOME": bytes(home.path) + b"/\xff"}
    _, err = install(home, "--mcp", env=env, expect=1)
    assert "state folder" in err and tree(kiro(home)) == before


def test_moved_binary_is_brought_up_to_date(home):
    path = put(servers_file(home), SERVERS)
    agent = put(kiro(home) / "agents" / "other.json", {"mcpServers": {"a": {"command": "a"}}})
    before = tree(kiro(home))
    first = copy_of_binary(home, "first")
    install(home, "--mcp", binary=first)
    assert load(path)["mcpServers"]["empty"] == server("empty", binary=first)
    out, _ = install(home)
    assert "brought up to date" in out
    assert load(path)["mcpServers"]["empty"] == server("empty") and load(agent)["mcpServers"]["a"] == server("a", ["a"])
    assert path.with_name("mcp.json.spanhook-backup").read_bytes() == SERVERS
    uninstall(home)
    assert tree(kiro(home)) == before


def test_options_of_the_user_are_kept(home):
    path = put(servers_file(home), {"mcpServers": {
        "a": {"command": "/old/spanhook", "args": ["mcp", "--no-inject", "--name", "alias", "--session", "--", "--", "x", "--", "y"]},
        "b": {"command": "spanhook", "args": ["mcp", "--", "x"]},
        "c": {"command": "/x/spanhook", "args": ["mcp", "--inspect"]}, "d": {"command": "/x/spanhook", "args": ["view"]}}})
    install(home)
    found = load(path)["mcpServers"]
    assert found["a"] == {"command": BINARY, "args": ["mcp", "--no-inject", "--name", "alias", "--session", "--", "--", "x", "--", "y"]}
    assert found["b"] == {"command": BINARY, "args": ["mcp", "--", "x"]}
    assert found["c"]["command"] == found["d"]["command"] == "/x/spanhook"
    uninstall(home)
    found = load(path)["mcpServers"]
    assert found["a"] == {"command": "x", "args": ["--", "y"]} and found["b"] == {"command": "x", "args": []}
    assert found["c"]["command"] == found["d"]["command"] == "/x/spanhook"


def test_entries_that_make_no_sense_stay(home):
    odd = {"number": b"7", "list": b"[]", "nothing": b"{}", "words": b'{"command": ["npx"]}', "text": b'{"command": "x", "args": "-y"}',
           "mixed": b'{"command": "x", "args": ["a", 1]}', "twice": b'{"command": "x", "command": "y"}', "tilde": b'{"command": "~/bin/x"}',
           "dollar": b'{"command": "$HOME/x"}'}
    entries = [b'"%s": %s' % (name.encode(), value) for name, value in odd.items()]
    path = put(servers_file(home), b'{"mcpServers": {"good": {"command": "x"}, "same": {"command": "1"}, "same": {"command": "2"}, '
               + b", ".join(entries) + b"}}")
    before = path.read_bytes()
    out, err = install(home, "--mcp")
    assert "1 MCP server wrapped" in out
    for name in [*odd, "same"]:
        assert f"mcp.json: the MCP server {name} stays as it is: " in err, (name, err)
    assert load(path)["mcpServers"]["good"] == server("good", ["x"])
    assert path.read_bytes().endswith(b'"same": {"command": "1"}, "same": {"command": "2"}, ' + b", ".join(entries) + b"}}")
    uninstall(home)
    assert path.read_bytes() == before


def test_servers_of_odd_shape_stay(home):
    for text in (b"[]", b'{"mcpServers": []}', b'{"mcpServers": null}', b'{"mcpServers": {"a": {"command": "x"}}, "mcpServers": {}}'):
        path = put(servers_file(home), text)
        _, err = install(home, "--mcp")
        assert "mcp.json" in err and "stay as they are" in err and err.count("\n") == 1, err
        assert path.read_bytes() == text


def test_no_servers_at_all(home):
    out, err = install(home, "--mcp")
    assert err == "" and "no MCP server is configured" in out and not servers_file(home).exists()
    put(servers_file(home), b'{"mcpServers": {}}')
    assert install(home, "--mcp")[0].startswith("already installed")


def test_names_cannot_steer_the_terminal(home):
    put(servers_file(home), {"mcpServers": {"a\x1b[2J\r\x9b": {"url": "x"}, "b\x1b]0;x\x07": 1}})
    out, err = install(home, "--mcp")
    assert "over HTTP" in out and "stays as it is" in err
    assert not [character for character in out + err if (ord(character) < 32 and character != "\n") or 127 <= ord(character) < 160]


def test_project_scope_is_never_touched(home):
    project = home.path / "project"
    put(project / ".kiro" / "settings" / "mcp.json", SERVERS)
    put(project / ".kiro" / "agents" / "a.json", {"mcpServers": {"a": {"command": "a"}}})
    before = tree(project)
    install(home, "--mcp", cwd=project)
    uninstall(home)
    assert tree(project) == before


def test_kiro_home(home):
    elsewhere = home.path / "else where"
    env = home.env(KIRO_HOME=elsewhere)
    path = put(elsewhere / "settings" / "mcp.json", SERVERS)
    mine = put(servers_file(home), SERVERS)
    install(home, "--mcp", env=env)
    assert load(path)["mcpServers"]["empty"] == server("empty") and mine.read_bytes() == SERVERS
    # another folder's record is nothing to go by, and stays
    record = (home.state / "install-kiro.json").read_bytes()
    install(home, "--mcp", "--dry-run")
    put(mine, {"mcpServers": {"a": server("a", ["a"])}})
    uninstall(home, "--mcp")
    assert load(mine)["mcpServers"]["a"] == {"command": "a", "args": []}
    assert (home.state / "install-kiro.json").read_bytes() == record
    uninstall(home, env=env)
    assert path.read_bytes() == SERVERS


def test_usage(home):
    for arguments in (("install", "kiro", "--mcp=x"), ("uninstall", "kiro", "--mcp=x")):
        out, err = run(home, *arguments, expect=2)
        assert out == "" and "--mcp" in err


def places(home):
    return [put(servers_file(home), SERVERS), put(kiro(home) / "agents" / "other.json", SERVERS)]


def test_V07_links_and_read_only_are_refused(home):
    settle(home)
    for path in places(home):
        target = home.path / "dotfiles"
        path.rename(target)
        path.symlink_to(target)
        refused(home, str(path), "symbolic link", arguments=("--mcp",))
        path.unlink()
        os.link(target, path)
        refused(home, str(path), "hard link", arguments=("--mcp",))
        target.unlink()
        path.chmod(0o444)
        refused(home, str(path), "read-only", arguments=("--mcp",))
        path.chmod(0o644)
        assert path.read_bytes() == SERVERS


def test_V07_invalid_json_is_refused(home):
    settle(home)
    for path in places(home):
        for bad in (b"", b"{", b"// mine\n{}", b'{"mcpServers": {},}', b"\xef\xbb\xbf{}", b"\x00", SERVERS + b"}"):
            path.write_bytes(bad)
            refused(home, str(path), "not valid JSON", arguments=("--mcp",))
            install(home)  # it is nothing to do with the hooks
        path.write_bytes(SERVERS)


def test_V07_what_is_no_file_is_refused(home):
    settle(home)
    path = servers_file(home)
    for make, unmake in ((path.mkdir, path.rmdir), (lambda: os.mkfifo(path), path.unlink), (lambda: path.symlink_to("nowhere"), path.unlink)):
        make()
        _, err = install(home, "--mcp", expect=1)
        assert str(path) in err
        install(home)
        unmake()


def test_V07_link_that_needs_no_change_is_left_alone(home):
    for path in places(home):
        install(home, "--mcp")
        target = home.path / path.name
        path.rename(target)
        path.symlink_to(target)
        target.chmod(0o444)
        for arguments in ((), ("--mcp",)):
            assert install(home, *arguments)[0].startswith("already installed") and path.is_symlink()
        path.unlink()
        target.rename(path)
        path.chmod(0o644)


def test_V07_one_refusal_stops_everything(home):
    path, agent = places(home)
    put(kiro(home) / "agents" / "mine.json", {"name": "mine"})
    path.chmod(0o444)
    before = tree(kiro(home))
    install(home, "--agent", "mine", "--mcp", expect=1)
    assert tree(kiro(home)) == before and not (home.state / "install-kiro.json").exists() and agent.read_bytes() == SERVERS


def test_V07_edit_at_the_same_time_is_refused(home):
    if not shutil.which("strace"):
        raise Skip("strace is not here")
    settle(home)
    path = put(servers_file(home), SERVERS)
    before = tree(kiro(home))
    # the first fsync belongs to the backup: the installer has read the file and is about to write
    child = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1500000:when=1", BINARY, "install",
                              "kiro", "--mcp"], env=home.env(), cwd=home.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    home.children.append(child)
    until(lambda: child.poll() is not None or list(path.parent.glob("*.spanhook-??????")), what="the temporary file")
    time.sleep(0.05)
    path.write_bytes(SERVERS + b"\n")
    _, err = child.communicate(timeout=30)
    if b"ptrace" in err and b"not permitted" in err.lower():
        raise Skip("strace may not trace here")
    assert child.returncode == 1 and b"changed by somebody else" in err, err
    path.write_bytes(SERVERS)
    assert tree(kiro(home)) == before


def test_V07_uninstall_refuses_too(home):
    for path in places(home):
        install(home, "--mcp")
        wrapped = path.read_bytes()
        for spoil, mend in ((lambda: path.chmod(0o444), lambda: path.chmod(0o644)),
                            (lambda: path.write_bytes(wrapped[:-1]), lambda: path.write_bytes(wrapped))):
            spoil()
            before = tree(kiro(home))
            for arguments in ((), ("--mcp",)):
                _, err = uninstall(home, *arguments, expect=1)
                assert err.count("\n") == 1 and str(path) in err
                assert tree(kiro(home)) == before
            mend()
        uninstall(home)
        assert path.read_bytes() == SERVERS


def test_V09_uninstall_restores_bytes(home):
    places(home)
    servers_file(home).chmod(0o600)
    before = tree(kiro(home))
    install(home, "--mcp")
    assert len([name for name in tree(kiro(home)) if name.endswith(".spanhook-backup")]) == 2
    uninstall(home)
    assert tree(kiro(home)) == before


def test_V09_edits_since_the_installation_stay(home):
    for arguments in ((), ("--mcp",)):
        path = put(servers_file(home), SERVERS)
        install(home, "--mcp")
        later = path.read_bytes().replace(b'"timeout": 1e4', b'"timeout": 5').replace(b'"/tmp"', b'"/home"')
        later = later.replace(b'"web": {', b'"new": {"command": "n"}, "web": {')
        path.write_bytes(later)
        out, _ = uninstall(home, *arguments)
        expected = SERVERS.replace(b'"timeout": 1e4', b'"timeout": 5').replace(b'"/tmp"', b'"/home"')
        assert path.read_bytes() == expected.replace(b'"web": {', b'"new": {"command": "n"}, "web": {')
        assert "backup stays" in out and path.with_name("mcp.json.spanhook-backup").read_bytes() == SERVERS


def test_V09_server_added_between_two_installations(home):
    path = put(servers_file(home), SERVERS)
    install(home, "--mcp")
    path.write_bytes(path.read_bytes().replace(b'"web": {', b'"new": {"command": "n", "args": ["x"]}, "web": {'))
    install(home)
    assert load(path)["mcpServers"]["new"] == {"command": "n", "args": ["x"]}
    out, _ = install(home, "--mcp")
    assert "1 MCP server wrapped" in out
    uninstall(home)
    assert path.read_bytes() == SERVERS.replace(b'"web": {', b'"new": {"command": "n", "args": ["x"]}, "web": {')


def test_V09_uninstall_without_record(home):
    for arguments in ((), ("--mcp",)):
        path, agent = places(home)
        install(home, "--mcp")
        shutil.rmtree(home.state)
        uninstall(home, *arguments)
        assert path.read_bytes() == SERVERS and agent.read_bytes() == SERVERS
        assert not list(kiro(home).rglob("mcp.json.spanhook-backup")) and not list(kiro(home).rglob("other.json.spanhook-backup"))
        uninstall(home)
        # and without the backups, which alone know that args was not there
        install(home, "--mcp")
        shutil.rmtree(home.state)
        for backup in kiro(home).rglob("*.spanhook-backup"):
            backup.unlink()
        uninstall(home, *arguments)
        found, expected = load(path), json.loads(SERVERS)
        expected["mcpServers"]["no args"]["args"] = []
        assert found == expected
        uninstall(home)


def test_V09_pristine_after_unwrapping_alone(home):
    """What --mcp takes out must not cost the hooks their exact way back."""
    mine = put(kiro(home) / "agents" / "mine.json", b'{"hooks": {"stop": [ ]}, "mcpServers": {"a": {"command": "a"}}}')
    before = tree(kiro(home))
    install(home, "--agent", "mine", "--mcp")
    uninstall(home, "--mcp")
    assert commands_of_agent(mine)["stop"] == [AGENT_COMMAND] and load(mine)["mcpServers"] == {"a": {"command": "a"}}
    uninstall(home)
    assert tree(kiro(home)) == before


def test_V09_json_stays_json(home):
    path = put(servers_file(home), {"mcpServers": {f"server {number}": {"command": "x", "args": [str(number)]} for number in range(200)}})
    before = path.read_bytes()
    install(home, "--mcp")
    assert all(entry == server(name, ["x", name.split()[1]]) for name, entry in json.loads(path.read_bytes())["mcpServers"].items())
    uninstall(home)
    assert path.read_bytes() == before


def test_what_is_written_can_be_run(home):
    """Whatever a server is called: the wrapped command starts it."""
    settle(home)
    names = ["--files", "-x", "a b", "", "\u00e9\"\\", "--state=/x"]
    path = put(servers_file(home), {"mcpServers": {name: {"command": "echo", "args": ["ran"]} for name in [*names, "--inspect", "--"]}})
    _, err = install(home, "--mcp")
    assert err.count("its name is an option of spanhook mcp") == 2, err
    for name in names:
        entry = load(path)["mcpServers"][name]
        assert entry == server(name, ["echo", "ran"]), entry
        ended = subprocess.run([entry["command"], *entry["args"]], env=home.env(), stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"ran\n", b""), (name, ended)


def test_a_url_beside_a_wrapped_command_changes_nothing(home):
    settle(home)
    path = put(servers_file(home), {"mcpServers": {"u": {"command": "cat", "args": ["-u"]}}})
    install(home, "--mcp")
    after = load(path)
    after["mcpServers"]["u"]["url"] = "http://localhost/x"
    put(path, after)
    uninstall(home)
    assert load(path) == {"mcpServers": {"u": {"command": "cat", "args": ["-u"], "url": "http://localhost/x"}}}


def test_what_cannot_be_unwrapped_is_refused(home):
    """Names that stand twice: nobody can say which of the two counts. Nothing is changed, and it is said."""
    settle(home)
    path = put(servers_file(home), {"mcpServers": {"u": {"command": "cat"}}})
    install(home, "--mcp")
    wrapped = json.dumps(load(path)["mcpServers"]["u"])
    before = tree(kiro(home))
    for text in (f'{{"mcpServers": {{"u": {wrapped}, "u": {wrapped}}}}}', f'{{"mcpServers": {{"u": {wrapped}}}, "mcpServers": {{}}}}'):
        put(path, text.encode())
        for options in ((), ("--mcp",)):
            ended = home.run("uninstall", "kiro", *options)
            assert ended.returncode == 1 and b"nothing was changed" in ended.stderr, (text, options, ended)
            assert path.read_bytes() == text.encode()
    assert {name: text for name, text in tree(kiro(home)).items() if "mcp.json" not in str(name)} == \
        {name: text for name, text in before.items() if "mcp.json" not in str(name)}


def test_a_command_without_the_two_dashes_is_left_alone(home):
    """What follows it is the server's own, also where that looks like ours."""
    settle(home)
    mine = {"mcpServers": {"a": {"command": "spanhook", "args": ["mcp", "npm", "exec", "pkg", "--", "--verbose", "x"]},
                           "c": {"command": "spanhook", "args": ["mcp", "npx", "--state", "/x", "--", "q"]}}}
    path = put(servers_file(home), mine)
    install(home, "--mcp")
    assert load(path) == mine
    uninstall(home)
    assert load(path) == mine
