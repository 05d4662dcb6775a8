// Programs packed by tools that ordinary software uses too: worth knowing, no reason for a verdict.

import "math"
import "pe"

rule Packer_UPX_PE
{
  meta:
    description = "Windows program packed with UPX"
    author = "ScanMesh"
    category = "packer"

  strings:
    $pack_header = "UPX!"

  condition:
    pe.is_pe and defined pe.section_index("UPX0") and defined pe.section_index("UPX1") and $pack_header in (0..4096)
}

rule Packer_UPX_ELF
{
  meta:
    description = "Linux program packed with UPX"
    author = "ScanMesh"
    category = "packer"

  strings:
    $pack_header = "UPX!"

  condition:
    // Stays behind Packer_UPX_PE: of patterns with the same text YARA-X keeps the first, with its rule's limits on the file.
    uint32be(0) == 0x7F454C46 and $pack_header in (0..1024) and $pack_header in (filesize - 64..filesize)
}

rule Packer_ASPack
{
  meta:
    description = "Windows program packed with ASPack"
    author = "ScanMesh"
    category = "packer"

  condition:
    pe.is_pe and defined pe.section_index(".aspack") and defined pe.section_index(".adata")
}

rule Packer_PECompact
{
  meta:
    description = "Windows program packed with PECompact"
    author = "ScanMesh"
    category = "packer"

  strings:
    $name = "PECompact2"

  condition:
    pe.is_pe and ($name in (0..2048) or (defined pe.section_index("pec1") and defined pe.section_index("pec2")))
}

rule Packer_Petite
{
  meta:
    description = "Windows program packed with Petite"
    author = "ScanMesh"
    category = "packer"

  condition:
    pe.is_pe and defined pe.section_index(".petite")
}

rule Packer_MPRESS
{
  meta:
    description = "Windows program packed with MPRESS"
    author = "ScanMesh"
    category = "packer"

  condition:
    pe.is_pe and defined pe.section_index(".MPRESS1") and defined pe.section_index(".MPRESS2")
}

rule Packer_WWPack32
{
  meta:
    description = "Windows program packed with WWPack32"
    author = "ScanMesh"
    category = "packer"

  condition:
    pe.is_pe and defined pe.section_index(".WWP32")
}

rule Protector_VMProtect
{
  meta:
    description = "Windows program protected with VMProtect"
    author = "ScanMesh"
    category = "protector"

  condition:
    pe.is_pe and defined pe.section_index(".vmp0") and defined pe.section_index(".vmp1")
}

rule Protector_Themida
{
  meta:
    description = "Windows program protected with Themida or WinLicense"
    author = "ScanMesh"
    category = "protector"

  condition:
    pe.is_pe and (defined pe.section_index(".themida") or defined pe.section_index(".winlice"))
}

rule Protector_Enigma
{
  meta:
    description = "Windows program protected with Enigma Protector"
    author = "ScanMesh"
    category = "protector"

  condition:
    pe.is_pe and defined pe.section_index(".enigma1") and defined pe.section_index(".enigma2")
}

rule Packer_Unknown
{
  meta:
    description = "Windows program that starts in an executable section of almost random bytes and imports almost nothing"
    author = "ScanMesh"
    category = "packer"

  condition:
    pe.is_pe and filesize < 32MB and pe.number_of_imported_functions < 16 and
    for any section in pe.sections : (
      section.characteristics & pe.SECTION_MEM_EXECUTE != 0 and
      section.raw_data_size >= 4096 and
      pe.entry_point >= section.raw_data_offset and
      pe.entry_point < section.raw_data_offset + section.raw_data_size and
      math.entropy(section.raw_data_offset, section.raw_data_size) > 7.2
    )
}
