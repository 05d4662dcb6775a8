// Pages that let whoever knows their address run code on the web server.

rule Webshell_PHP_Runs_Request
{
  meta:
    description = "PHP page that runs code or commands taken straight from the request"
    author = "ScanMesh"
    category = "webshell"
    verdict = "suspicious"

  strings:
    $tag = /<\?(php|=|\s)/ nocase
    $eval = /\b(eval|assert)\s?\(\s?@?([a-z0-9_]{4,20}\(\s?)?\$_(GET|POST|REQUEST|COOKIE|SERVER)\b/ nocase
    $command = /\b(system|passthru|(shell_|pcntl_)?exec|p(roc_)?open)\s?\(\s?@?\$_(GET|POST|REQUEST|COOKIE|SERVER)\b/ nocase
    $backtick = /`\s?\$_(GET|POST|REQUEST|COOKIE)\[/ nocase
    $variable_function = /\$_(GET|POST|REQUEST|COOKIE)\[[^\]]{1,20}\]\s?\(\s?@?\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
    $callback = /\b(call_user_func(_array)?|array_(map|filter)|create_function)\s?\(\s?@?\$_(GET|POST|REQUEST|COOKIE)\b/ nocase

  condition:
    filesize < 2MB and $tag and any of ($eval, $command, $backtick, $variable_function, $callback)
}

rule Webshell_PHP_One_Liner
{
  meta:
    description = "PHP page that is hardly more than a call that runs what the request brings"
    author = "ScanMesh"
    category = "webshell"
    verdict = "infected"

  strings:
    $tag = /<\?(php|=|\s)/ nocase

  condition:
    filesize < 1KB and $tag in (0..64) and Webshell_PHP_Runs_Request
}

rule Webshell_PHP_Obfuscated
{
  meta:
    description = "PHP page that decodes code and runs it"
    author = "ScanMesh"
    category = "webshell"
    verdict = "suspicious"

  strings:
    $tag = /<\?(php|=|\s)/ nocase
    $decode = /\b(eval|assert)\s?\(\s?@?(gz(inflate|uncompress|decode)|str_rot13|base64_decode|strrev|hex2bin)\s?\(/ nocase
    $characters = /\b(eval|assert)\s?\(\s?@?(chr\(\s?\d{1,3}\s?\)\s?\.\s?){6}/ nocase

  condition:
    filesize < 2MB and $tag and any of ($decode, $characters)
}

rule Webshell_PHP_In_Image
{
  meta:
    description = "Picture that carries a PHP page which runs what the request brings or code that it decodes"
    author = "ScanMesh"
    category = "webshell"
    verdict = "infected"

  condition:
    // GIF, JPEG, PNG
    (uint32be(0) == 0x47494638 or uint16be(0) == 0xFFD8 or uint32be(0) == 0x89504E47) and
    (Webshell_PHP_Runs_Request or Webshell_PHP_Obfuscated)
}

rule Webshell_JSP_Runs_Request
{
  meta:
    description = "JSP page that runs a command taken straight from the request"
    author = "ScanMesh"
    category = "webshell"
    verdict = "infected"

  strings:
    $tag = /<%|<jsp:scriptlet/
    $runtime = /getRuntime\(\)\s?\.\s?exec\(\s?([\w\[\]{}"\/, -]{0,60})?request\.getParameter\(/
    $builder = /new\s+ProcessBuilder\(\s?([\w\[\]{}"\/, -]{0,60})?request\.getParameter\(/

  condition:
    filesize < 256KB and $tag and any of ($runtime, $builder)
}

rule Webshell_JSP_Command_Page
{
  meta:
    description = "JSP page that reads the request, starts a program and shows what it prints"
    author = "ScanMesh"
    category = "webshell"
    verdict = "suspicious"

  strings:
    $tag = /<%|<jsp:scriptlet/
    $request = "request.getParameter("
    $start = /(getRuntime\(\)\s?\.\s?exec|new\s+ProcessBuilder)\s?\(/
    $output = ".getInputStream()"
    $print = /\bout\.(print|println|write)\(/

  condition:
    filesize < 256KB and all of them
}

rule Webshell_JSP_Loads_Class
{
  meta:
    description = "JSP page that decrypts a class sent with the request and loads it"
    author = "ScanMesh"
    category = "webshell"
    verdict = "suspicious"

  strings:
    $tag = /<%|<jsp:scriptlet/
    $loader = /extends\s+ClassLoader\b/
    $define = /\bdefineClass\s?\(/
    $request = /\brequest\.(getReader|getParameter|getInputStream|getHeader)\(/

  condition:
    filesize < 256KB and all of them
}

rule Webshell_ASP_Evaluates_Request
{
  meta:
    description = "ASP or ASP.NET page that evaluates what the request brings"
    author = "ScanMesh"
    category = "webshell"
    verdict = "infected"

  strings:
    $tag = "<%"
    $evaluate = /\b(eval|execute(global)?)\s?\(?\s?request(\.(item|form|querystring|cookies|params))?\s?[\[\(]\s?["'\w]/ nocase

  condition:
    filesize < 256KB and $tag in (0..4096) and $evaluate
}

rule Webshell_ASP_Command_Page
{
  meta:
    description = "ASP or ASP.NET page that reads the request and starts a Windows shell"
    author = "ScanMesh"
    category = "webshell"
    verdict = "suspicious"

  strings:
    $tag = "<%"
    $request = /\bRequest(\.(Item|Form|QueryString|Params))?\s?[\[\(]/ nocase
    $start_net = /\b(new\s+ProcessStartInfo|Process\.Start)\s?\(/
    $start_asp = /\bCreateObject\(\s?"(WScript\.Shell|Shell\.Application)"\s?\)/ nocase
    $shell = /\bcmd(\.exe)?["'\s]|\bpowershell(\.exe)?\b/ nocase

  condition:
    filesize < 256KB and $tag in (0..4096) and $request and $shell and any of ($start_net, $start_asp)
}
