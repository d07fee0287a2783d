<#
.SYNOPSIS
Removes the WaveRusT audio driver from this machine.

.DESCRIPTION
Run it as administrator, from the folder or the disc that it came with. It takes the driver from its devices and out of
the driver store, and stops trusting the certificate beside this script. Test mode stays as it is: "bcdedit /set
testsigning off" ends it.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File uninstall.ps1
#>
[CmdletBinding()]
param()

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$identity = [Security.Principal.WindowsIdentity]::GetCurrent()
$administrator = [Security.Principal.WindowsBuiltInRole]::Administrator
if (-not ([Security.Principal.WindowsPrincipal] $identity).IsInRole($administrator)) {
    throw 'Run this as administrator.'
}

$packages = @(Get-WindowsDriver -Online | Where-Object { $_.OriginalFileName -like '*\waverust.inf' })
foreach ($package in $packages) {
    pnputil /delete-driver $package.Driver /uninstall
    # 3010: done, but for a restart.
    if ($LASTEXITCODE -notin 0, 3010) {
        throw "$($package.Driver) could not be removed: pnputil failed with $LASTEXITCODE."
    }
}
Write-Host "$($packages.Count) packages removed."

$file = Join-Path $PSScriptRoot 'waverust.cer'
if (Test-Path $file) {
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $file
    foreach ($store in 'Root', 'TrustedPublisher') {
        $path = "Cert:\LocalMachine\$store\$($certificate.Thumbprint)"
        if (Test-Path $path) {
            Remove-Item $path
        }
    }
}
