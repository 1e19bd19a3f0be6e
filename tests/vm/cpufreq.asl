// Two frequencies of four processors, as a firmware offers them; the ports that they are chosen by lead nowhere.
//
// Source: ACPI 6.5, section 8.4.5, "Processor Performance Control". The processors' names are those of QEMU's own tables.
DefinitionBlock ("", "SSDT", 2, "PWLAB", "CPUFREQ", 1)
{
    External (\_SB.CPUS.C000, DeviceObj)
    External (\_SB.CPUS.C001, DeviceObj)
    External (\_SB.CPUS.C002, DeviceObj)
    External (\_SB.CPUS.C003, DeviceObj)

    Name (\PCTL, Package ()
    {
        ResourceTemplate () { Register (SystemIO, 16, 0, 0x5600) },
        ResourceTemplate () { Register (SystemIO, 16, 0, 0x5602) }
    })
    // MHz, mW, two latencies in microseconds, and the values of control and status.
    Name (\STAT, Package ()
    {
        Package () { 2000, 20000, 10, 10, 1, 1 },
        Package () { 1000, 10000, 10, 10, 0, 0 }
    })

    Scope (\_SB.CPUS.C000) { Method (_PCT) { Return (\PCTL) } Method (_PSS) { Return (\STAT) } Name (_PPC, 0) }
    Scope (\_SB.CPUS.C001) { Method (_PCT) { Return (\PCTL) } Method (_PSS) { Return (\STAT) } Name (_PPC, 0) }
    Scope (\_SB.CPUS.C002) { Method (_PCT) { Return (\PCTL) } Method (_PSS) { Return (\STAT) } Name (_PPC, 0) }
    Scope (\_SB.CPUS.C003) { Method (_PCT) { Return (\PCTL) } Method (_PSS) { Return (\STAT) } Name (_PPC, 0) }
}
