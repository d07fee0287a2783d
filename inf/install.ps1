<#
.SYNOPSIS
Installs the WaveRusT audio driver on this machine.

.DESCRIPTION
Run it as administrator, from the folder or the disc that it came with. A driver that is signed with a test certificate
takes two things more, for which you are asked: that this machine trusts the certificate, and that Windows is in test
mode, which needs Secure Boot to be off and a restart.

.PARAMETER Yes
Does all of it without asking.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1
#>
[CmdletBinding()]
param([switch] $Yes)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Confirm-Step([string] $Question) {
    $Yes -or ((Read-Host "$Question [y/N]") -match '^[yY]')
}

$identity = [Security.Principal.WindowsIdentity]::GetCurrent()
$administrator = [Security.Principal.WindowsBuiltInRole]::Administrator
if (-not ([Security.Principal.WindowsPrincipal] $identity).IsInRole($administrator)) {
    throw 'Run this as administrator.'
}

# The package is beside this script, or, on the disc, in a folder for the system and the processor.
$processor = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'ARM64' } else { 'amd64' }
$system = if ([Environment]::OSVersion.Version.Build -ge 22000) { 'w11' } else { 'w10' }
$folders = @($PSScriptRoot, (Join-Path $PSScriptRoot "waverust\$system\$processor"))
$inf = $folders | ForEach-Object { Join-Path $_ 'waverust.inf' } | Where-Object { Test-Path $_ } | Select-Object -First 1
if (-not $inf) {
    throw 'There is no waverust.inf here.'
}

# Signed by Microsoft, the package needs nothing more. Else the certificate beside this script has to be trusted.
$catalog = Join-Path (Split-Path $inf) 'waverust.cat'
if ((Get-AuthenticodeSignature $catalog).Status -ne 'Valid') {
    $file = Join-Path $PSScriptRoot 'waverust.cer'
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $file
    Write-Host "The package is signed by $($certificate.Subject), thumbprint $($certificate.Thumbprint)."
    if (-not (Confirm-Step 'Have this machine trust that certificate?')) {
        throw 'Not installed: Windows does not trust who signed the package.'
    }
    foreach ($store in 'Root', 'TrustedPublisher') {
        Import-Certificate -FilePath $file -CertStoreLocation "Cert:\LocalMachine\$store" | Out-Null
    }
}

# What is trusted that way is loaded in test mode only.
$signer = (Get-AuthenticodeSignature $catalog).SignerCertificate
$byMicrosoft = $signer -and $signer.Issuer -match 'O=Microsoft Corporation'
$options = (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control').SystemStartOptions
$testMode = $options -match 'TESTSIGNING'
$restart = $false
if (-not $byMicrosoft -and -not $testMode) {
    if (Confirm-Step 'Switch test mode on? Windows then loads test-signed drivers, from the next start on.') {
        bcdedit /set testsigning on
        if ($LASTEXITCODE -ne 0) {
            throw 'Test mode cannot be switched on. Switch Secure Boot off in the firmware, then run this again.'
        }
        $restart = $true
    } else {
        Write-Warning 'Without test mode Windows will not load the driver (code 52 in Device Manager).'
    }
}

pnputil /add-driver $inf /install
$result = $LASTEXITCODE
# 259: nothing to do, no device is there or it has this driver already. 3010: done, but for a restart.
if ($result -notin 0, 259, 3010) {
    throw "pnputil failed with $result; C:\Windows\INF\setupapi.dev.log says why."
}
if ($restart -or $result -eq 3010) {
    Write-Host 'Installed. Restart Windows.'
} else {
    Write-Host 'Installed.'
}
