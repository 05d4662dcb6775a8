// The anti-virus industry's harmless test file. The escapes keep this file itself from being taken for it.

rule EICAR_Test_File
{
  meta:
    description = "EICAR anti-virus test file"
    author = "ScanMesh"
    category = "test"
    verdict = "infected"

  strings:
    // The standard allows white space after the 68 bytes (tab, LF, CR, Ctrl-Z, space), and nothing else.
    $file = /^X5O!P%@AP\[4\\PZX54\(P\^\)7CC\)7\}\x24EICAR\x2dSTANDARD\x2dANTIVIRUS\x2dTEST\x2dFILE!\x24H\+H\*[\t\n\r\x1a ]{0,60}$/

  condition:
    filesize <= 128 and $file
}
