/**
 * Programs of Windows by their full paths, so that none in the current folder is run. No variable is in them: whoever
 * starts Latchkey sets its variables, and a program of their own would say what they like.
 */
export const system32 = String.raw`C:\Windows\System32`;
export const powershell = `${system32}\\WindowsPowerShell\\v1.0\\powershell.exe`;
