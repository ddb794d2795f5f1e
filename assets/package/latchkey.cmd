@echo off
rem A program of Windows has either a console or windows: the command line has a Node.js of its own.
"%~dp0node.exe" "%~dp0dist\main\latchkey.js" %*
