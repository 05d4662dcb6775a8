// Scripts that give a shell to somebody elsewhere, and the downloader that small Linux malware begins with.

rule Script_Bash_Reverse_Shell
{
  meta:
    description = "Shell command that gives an interactive shell to another host over /dev/tcp"
    author = "ScanMesh"
    category = "reverse-shell"
    verdict = "suspicious"

  strings:
    $interactive = /\b(ba|z|da|k)?sh +-i *[0-9&]?>&? *[0-9]? *\/dev\/(tcp|udp)\/[^\s\/"]{1,99}\/[0-9$]/
    $descriptor = /\bexec +[0-9]{1,3}<> ?\/dev\/(tcp|udp)\/[^\s\/"]{1,99}\/[0-9$][^<>]{1,120}\bsh\b[^\r\n]{0,40}[<>]& ?[0-9]/

  condition:
    filesize < 1MB and uint32be(0) != 0x7F454C46 and any of them
}

rule Script_Netcat_Reverse_Shell
{
  meta:
    description = "Shell command that gives a shell to another host with netcat"
    author = "ScanMesh"
    category = "reverse-shell"
    verdict = "suspicious"

  strings:
    $fifo = /\bmk(fifo|nod) [^\r\n]{1,200}\/bin\/(ba|z|da)?sh +-i[^\r\n]{1,60}\bn(c|cat|etcat) +[^\r\n|]{0,40}\d/
    $execute = /\bn(c|cat|etcat)(\.[a-z]+)? +[^\r\n|;]{0,60}(-[a-z]{0,4}e|--exec) +["\x27]?\/bin\/(ba|z|da)?sh\b/

  condition:
    filesize < 1MB and uint32be(0) != 0x7F454C46 and any of them
}

rule Script_Python_Reverse_Shell
{
  meta:
    description = "Python script that connects to another host and hands it a shell"
    author = "ScanMesh"
    category = "reverse-shell"
    verdict = "suspicious"

  strings:
    $connect = /\.connect ?\( ?\(/
    $hand_over = /\bos\.dup2\( ?\w{1,20}\.fileno\(\) ?, ?[012]/
    $shell = /\b(pty\.spawn|subprocess\.(call|run|Popen)|os\.(system|exec[lv][ep]{0,2}))\( ?\[? ?["\x27](\/bin\/)?(ba|z|da)?sh\b/

  condition:
    filesize < 1MB and uint32be(0) != 0x7F454C46 and all of them
}

rule Script_Shell_Fetches_And_Runs
{
  meta:
    description = "Shell command that downloads a program from a bare address, makes it executable and runs it"
    author = "ScanMesh"
    category = "downloader"
    verdict = "suspicious"

  strings:
    $chain = /\b(wget|curl|busybox) [^\n]{0,80}http:\/\/(\d{1,3}\.){3}\d[^\n]{1,200}chmod (\+x|[0-7]{3,4}) [^\n]{1,100}[;&] *\.\//

  condition:
    filesize < 1MB and uint32be(0) != 0x7F454C46 and $chain
}
