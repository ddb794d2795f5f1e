; The folder of latchkey.cmd in the person's PATH, without which no tool finds the command. See path.ps1.
!macro latchkeyPath change
  nsExec::ExecToLog '"$SYSDIR\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "$INSTDIR\resources\cli\path.ps1" -Change ${change}'
  Pop $0
!macroend

!macro customInstall
  !insertmacro latchkeyPath Add
!macroend

!macro customUnInstall
  !insertmacro latchkeyPath Remove
!macroend
