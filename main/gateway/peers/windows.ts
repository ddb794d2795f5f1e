import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { powershell, powershellArguments } from '../../base/windows-programs.ts';
import type { PeerIdentity } from './identity.ts';
import type { Peer, PeerProcess } from '../ports.ts';

/** A process that answers each line on its standard input with one line of JSON. */
export interface Answerer {
  stdin: Writable;
  stdout: Readable;
  kill(): unknown;
  on(event: 'error' | 'exit', listener: () => void): unknown;
}

/** Nobody comes in before the answer; the first one waits until PowerShell has started. */
const answerMs = 8000;
/** A PowerShell that ends without an answer this often is left alone for a while: a policy forbids it, say. */
const failuresAtMost = 3;
const restMs = 60_000;

/**
 * Takes "number, client's address and port, our address and port"; the client's end of a connection is the one whose
 * local address is the client's. A process may have outlived its parent and the parent's number may be another's by
 * now, so that one which is younger than its child does not count. Windows refuses the owner of a process that runs
 * with more rights than ours, as it does for those of other users: then `sameUser` is left out, and the number of the
 * desktop's session, which everybody may see, tells whether it can be this person (0 is that of all services).
 */
const script = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
$me = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
$desktop = [System.Diagnostics.Process]::GetCurrentProcess().SessionId
while ($null -ne ($line = [Console]::In.ReadLine())) {
  $number, $address, $port, $ourAddress, $ourPort = $line -split ' '
  $answer = @{ number = [int]$number }
  try {
    $connection = Get-NetTCPConnection -State Established -LocalAddress $address -LocalPort $port -RemoteAddress $ourAddress -RemotePort $ourPort | Select-Object -First 1
    $process = Get-CimInstance Win32_Process -Filter ('ProcessId = {0}' -f $connection.OwningProcess)
    $answer.pid = [int]$process.ProcessId
    $answer.program = $process.Name
    $answer.path = $process.ExecutablePath
    $parent = Get-CimInstance Win32_Process -Filter ('ProcessId = {0}' -f $process.ParentProcessId)
    if ($parent -and $parent.CreationDate -le $process.CreationDate) {
      $answer.parentPid = [int]$parent.ProcessId
      $answer.parentProgram = $parent.Name
    }
    $answer.sameDesktop = ($desktop -ne 0 -and $process.SessionId -eq $desktop)
    $owner = Invoke-CimMethod -InputObject $process -MethodName GetOwnerSid
    if ($owner.ReturnValue -eq 0) { $answer.sameUser = ($owner.Sid -eq $me) }
  } catch { }
  [Console]::Out.WriteLine((ConvertTo-Json $answer -Compress))
}
`;

/**
 * PowerShell takes half a second to start, so that one stays and is asked by line. For Windows' quoting the script has no
 * double quotes.
 */
export function startPowerShell(): Answerer {
  return spawn(powershell, powershellArguments(script), {
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  });
}

/** Windows: asks for the owner of the client's end; the process that answers is started by the first question. */
export function createWindowsPeers(start: () => Answerer = startPowerShell, patienceMs = answerMs) {
  const waiting = new Map<number, (identity: PeerIdentity) => void>();
  let answerer: Answerer | undefined;
  let failures = 0;
  let failedAt = 0;
  let closed = false;
  let asked = 0;

  function noteFailure(): void {
    failures += 1;
    failedAt = performance.now();
  }

  function isResting(): boolean {
    return closed || (failures >= failuresAtMost && performance.now() - failedAt < restMs);
  }

  function settle(number: number, identity: PeerIdentity): void {
    const resolve = waiting.get(number);
    waiting.delete(number);
    resolve?.(identity);
  }

  function begin(): Answerer {
    const started = start();
    const over = (): void => {
      if (answerer !== started) return;
      answerer = undefined;
      noteFailure();
      for (const number of waiting.keys()) settle(number, { unknown: 'no-answer' });
    };
    started.on('error', over);
    started.on('exit', over);
    started.stdin.on('error', over);
    createInterface({ input: started.stdout }).on('line', (line) => {
      const answer = parseAnswer(line);
      if (answer === undefined) return;
      failures = 0;
      settle(answer.number, answer.identity);
    });
    return started;
  }

  return {
    identify({ address, port, localPort }: Peer, host: string): Promise<PeerIdentity> {
      const known = address !== undefined && port !== undefined && localPort !== undefined;
      if (!known || isResting()) return Promise.resolve({ unknown: 'no-answer' });
      asked += 1;
      const number = asked;
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(number, { unknown: 'no-answer' }), patienceMs);
        waiting.set(number, (identity) => {
          clearTimeout(timer);
          resolve(identity);
        });
        try {
          answerer ??= begin();
          answerer.stdin.write(`${number} ${address} ${port} ${host} ${localPort}\n`);
        } catch {
          noteFailure();
          settle(number, { unknown: 'no-answer' });
        }
      });
    },
    close(): void {
      const ending = answerer;
      answerer = undefined;
      closed = true;
      for (const number of waiting.keys()) settle(number, { unknown: 'no-answer' });
      ending?.kill();
    },
  };
}

/** Undefined for a line that is no answer. Fields that are missing, null or of another type count as unknown. */
export function parseAnswer(line: string): { number: number; identity: PeerIdentity } | undefined {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { number, pid, program, path, parentPid, parentProgram, sameUser, sameDesktop } = answer ?? {};
  if (typeof number !== 'number') return undefined;
  const identity: PeerIdentity = {};
  if (typeof sameUser === 'boolean') identity.sameUser = sameUser;
  else if (typeof pid !== 'number') identity.unknown = 'not-found';
  else identity.unknown = sameDesktop === true ? 'hidden-here' : 'hidden';
  if (typeof pid === 'number' && typeof program === 'string') {
    const process: PeerProcess = { pid, program };
    if (typeof path === 'string') process.path = path;
    if (typeof parentPid === 'number' && typeof parentProgram === 'string')
      process.parent = { pid: parentPid, program: parentProgram };
    identity.process = process;
  }
  return { number, identity };
}
