import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { createCommandLine, firstLine } from '../../main/demo/command-line.ts';
import { buildCommand } from '../support/builds.ts';
import { soon } from '../support/latchkey.ts';
import { describeWith, program } from '../support/parts.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();
const python = program('python3', 'install the package python3');
const notify = program('systemd-notify', 'install the package systemd');

/** Of an account that there is not: nothing is asked of it before somebody signs in. */
const configuration = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001
    applicationId: f4b1ca00-0000-4000-8000-00000000c11e
`;

/** Node has no datagram sockets of Unix. */
const receiver = `
import json, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print(json.dumps('bound'), flush=True)
while True: print(json.dumps(manager.recv(4096).decode()), flush=True)
`;

async function start(folder: string, env: NodeJS.ProcessEnv) {
  await writeFile(join(folder, 'latchkey.yaml'), configuration);
  const places = [join(folder, 'home'), join(folder, 'latchkey.yaml')] as const;
  const child = createCommandLine(...places, [process.execPath, await buildCommand()]).start(
    ['serve', '--json'],
    env,
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  expect(await firstLine(child)).toContain('"serving"');
  return {
    pid: child.pid,
    said: () => said,
    async stop() {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

describeWith([python, notify], 'serve under systemd', () => {
  it('says when it serves, and when it ends', async () => {
    const folder = await newFolder();
    const path = join(folder, 'notify');
    const manager = spawn(python.path ?? '', ['-c', receiver, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const told: string[] = [];
      createInterface({ input: manager.stdout }).on('line', (line) => told.push(JSON.parse(line) as string));
      await expect.poll(() => told, soon).toEqual(['bound']);
      const serve = await start(folder, { NOTIFY_SOCKET: path });
      const states = () => told.flatMap((message) => message.split('\n')).filter((line) => line !== '');
      const main = `MAINPID=${serve.pid}`;
      await expect.poll(states, soon).toEqual(expect.arrayContaining(['READY=1', main]));
      expect(states()).not.toContain('STOPPING=1');
      expect(await serve.stop()).toBe(0);
      await expect.poll(states, soon).toContain('STOPPING=1');
      expect(serve.said()).not.toContain('systemd was not told');
    } finally {
      manager.kill('SIGKILL');
    }
  });

  it('serves all the same where it cannot say so, and writes down why', async () => {
    const folder = await newFolder();
    const serve = await start(folder, { NOTIFY_SOCKET: join(folder, 'nobody') });
    await expect.poll(serve.said, soon).toContain('systemd was not told READY=1: ');
    expect(await serve.stop()).toBe(0);
  });
});
