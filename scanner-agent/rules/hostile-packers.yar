// Packers that hide malware far more often than they save space, and packing that was altered so that nobody unpacks it.

import "pe"

rule Packer_UPX_Tampered
{
  meta:
    description = "Starts like a UPX-packed program, but its UPX header was removed so that it cannot be unpacked"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  strings:
    $pack_header = "UPX!"
    $stub_32 = { 60 BE ?? ?? ?? ?? 8D BE ?? ?? ?? FF [0-12] (57 | 57 83 CD FF | 57 EB) }
    $stub_64 = { 53 56 57 55 48 8D 35 ?? ?? ?? FF 48 8D BE ?? ?? ?? FF }

  condition:
    pe.is_pe and not $pack_header and ($stub_32 at pe.entry_point or $stub_64 at pe.entry_point)
}

rule Packer_MEW
{
  meta:
    description = "Windows program packed with MEW"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  condition:
    pe.is_pe and pe.sections.len() == 2 and pe.sections[0].name startswith "MEW" and
    pe.sections[0].raw_data_size == 0 and uint8(pe.entry_point) == 0xE9
}

rule Packer_Upack
{
  meta:
    description = "Windows program packed with Upack, which folds the PE header into the DOS header"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  strings:
    $folded_name = "LoadLibraryA"

  condition:
    pe.is_pe and uint32(0x3C) < 0x40 and $folded_name in (0..0x40)
}

rule Packer_FSG
{
  meta:
    description = "Windows program packed with FSG"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  strings:
    $version_1 = { BB D0 01 40 00 BF 00 10 40 00 BE }
    $version_2 = { 87 25 ?? ?? ?? ?? 61 94 55 A4 B6 80 FF 13 }

  condition:
    pe.is_pe and ($version_1 at pe.entry_point or $version_2 at pe.entry_point)
}

rule Packer_NsPack
{
  meta:
    description = "Windows program packed with NsPack"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  condition:
    pe.is_pe and
    (
      (defined pe.section_index(".nsp0") and defined pe.section_index(".nsp1")) or
      (defined pe.section_index("nsp0") and defined pe.section_index("nsp1"))
    )
}

rule Packer_Yodas_Crypter
{
  meta:
    description = "Windows program encrypted with yoda's Crypter"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  strings:
    $stub = { 55 8B EC 53 56 57 60 E8 00 00 00 00 5D 81 ED ?? ?? ?? ?? B9 }

  condition:
    pe.is_pe and $stub at pe.entry_point
}

rule Packer_PESpin
{
  meta:
    description = "Windows program protected with PESpin"
    author = "ScanMesh"
    category = "packer"
    verdict = "suspicious"

  strings:
    $stub = { EB 01 68 60 E8 00 00 00 00 8B 1C 24 83 C3 12 81 2B E8 B1 06 00 }

  condition:
    pe.is_pe and $stub at pe.entry_point
}
