import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadConfiguration } from '../config/load.ts';
import type { Configuration } from '../config/schema.ts';
import { bundleText } from '../contract/bundle-text.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import type { SupportBundle } from '../contract/support-bundle.ts';
import { systemCode, systemReason } from '../store/system-reason.ts';
import { connectClient } from './client.ts';
import { result } from './output.ts';
import type { Globals, Tools } from './tools.ts';

/** `support-bundle`: what whoever helps needs to see; also of a Latchkey that does not start. */
export function registerSupportBundle({ program, output, run, source }: Tools): void {
  program
    .command('support-bundle')
    .description(
      'what whoever helps you needs to see, without names, places and secrets; prints it, or writes it',
    )
    .option('--output <file>', 'a new file, which only you can read; look through it before you send it')
    .action(
      run(async (globals, { output: file }: { output?: string }) => {
        const bundle = await ofBroker(globals.home).catch((error: unknown) => {
          if (!isDown(error)) throw error;
          return ofFiles(globals, error, source);
        });
        const text = bundleText(bundle);
        if (file === undefined) {
          result(output, 'support-bundle', { bundle }, text);
          return;
        }
        const path = resolve(file);
        await writeNew(path, `${text}\n`);
        const human = `Written to ${path}. Look through it before you send it.`;
        result(output, 'support-bundle', { path }, human);
      }),
    );
}

async function ofBroker(home: string): Promise<SupportBundle> {
  const client = await connectClient(home);
  return (await client.call('makeSupportBundle', {})).bundle;
}

const isDown = (error: unknown): error is LatchkeyError =>
  error instanceof LatchkeyError && ['broker-not-running', 'broker-unanswering'].includes(error.code);

/** What the files tell, where no Latchkey answers. */
async function ofFiles(
  globals: Globals,
  down: LatchkeyError,
  source: Tools['source'],
): Promise<SupportBundle> {
  const { makeSupportBundle } = await import('../support-bundle/bundle.ts');
  const findings: Check[] = [finding('broker', down)];
  let configuration: Configuration | undefined;
  try {
    ({ configuration } = await loadConfiguration(await source(globals)));
  } catch (error) {
    findings.push(finding('configuration', error));
  }
  return makeSupportBundle({ home: globals.home, configFile: globals.config, configuration, findings });
}

function finding(name: string, error: unknown): Check {
  const { message, remedy } = toProblem(error);
  return { name, result: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
}

/** Never over a file that is there. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const message =
      systemCode(cause) === 'EEXIST'
        ? `There is a file ${path} already.`
        : `The file ${path} cannot be written because ${systemReason(cause).because}.`;
    throw new LatchkeyError('command-failed', message, { remedy: 'Name another file.', cause });
  }
}
