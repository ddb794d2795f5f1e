import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { allWarnings } from '../config/ignored.ts';
import { checkOrganisation } from '../config/load.ts';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { isFingerprint } from '../organisation/address.ts';
import { signBundle, verifyBundle, type BundlePayload } from '../organisation/bundle.ts';
import { fingerprintOf, makeKeyFile, publicJwkOf, readKeyFile } from '../organisation/keys.ts';
import { maxSignedBytes } from '../organisation/signed.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { plain, result } from './output.ts';
import type { Tools } from './tools.ts';

interface SignOptions {
  key: string;
  organisation: string;
  out: string;
  serial?: string;
  notAfter?: string;
  nextKey?: string;
}

/** `bundle`: what an organisation's administrators sign and put on a web server. */
export function registerBundle({ program, output, run }: Tools): void {
  const bundle = program
    .command('bundle')
    .description("an organisation's signed settings, for its administrators");
  bundle
    .command('keygen')
    .description('make the key that signs; whoever has its file decides for all who have joined')
    .argument('<file>', 'is written with mode 0600, and must not be there')
    .action(
      run(async (_, file: string) => {
        const fingerprint = await makeKeyFile(resolve(file));
        result(
          output,
          'bundle keygen',
          { file: resolve(file), fingerprint },
          `Fingerprint: ${fingerprint}\nThe address that you give out ends with # and this fingerprint.`,
        );
      }),
    );
  bundle
    .command('sign')
    .description('sign a configuration as the one of the organisation')
    .argument('<configuration>', 'YAML')
    .requiredOption('--key <file>', 'the private key')
    .requiredOption('--organisation <name>', 'as people see it')
    .requiredOption('--out <file>', 'the bundle, to be put on a web server')
    .option('--serial <number>', 'greater than that of the bundle before (default: the time in seconds)')
    .option('--not-after <time>', 'it may not count any more after this time (ISO 8601)')
    .option('--next-key <fingerprint>', 'of the key that will sign later bundles')
    .action(
      run(async (_, configuration: string, options: SignOptions) => {
        const key = await readKeyFile(resolve(options.key));
        const fingerprint = fingerprintOf(publicJwkOf(key));
        const out = resolve(options.out);
        const payload = await payloadOf(await text(configuration), options);
        // As whoever joins would read it.
        const layer = { text: payload.configuration, origin: resolve(configuration) };
        const told = allWarnings(checkOrganisation(layer));
        for (const warning of told) output.err(warning);
        await checkSerial(out, fingerprint, payload.serial);
        await writeDurably(out, Buffer.from(`${signBundle(payload, key)}\n`), { mode: 0o644 });
        const { serial, organisation } = payload;
        result(
          output,
          'bundle sign',
          { file: out, serial, organisation, fingerprint },
          `${out}: serial number ${serial}, signed with the key ${fingerprint}.`,
        );
      }),
    );
  bundle
    .command('verify')
    .description('check the signature of a bundle, and show what is in it')
    .argument('<file>')
    .requiredOption('--key <fingerprint>', 'of the key that must have signed it')
    .option('--configuration', 'print the configuration that is in it, and nothing else', false)
    .action(
      run(async (_, file: string, { key, configuration }: { key: string; configuration: boolean }) => {
        const { payload } = verifyBundle(await text(file), { key: fingerprint(key) });
        if (configuration && !output.json) output.out(payload.configuration);
        else result(output, 'bundle verify', payload, describe(payload));
      }),
    );
}

async function payloadOf(configuration: string, options: SignOptions): Promise<BundlePayload> {
  const { organisation, notAfter, nextKey, serial } = options;
  const now = new Date();
  const number = serial === undefined ? Math.floor(now.getTime() / 1000) : Number(serial);
  if (!Number.isSafeInteger(number) || number < 1)
    throw wrong('--serial takes a whole number from 1.', 'Leave it out to take the time in seconds.');
  return {
    format: 1,
    serial: number,
    issuedAt: now.toISOString(),
    organisation,
    configuration,
    ...defined({
      notAfter: notAfter === undefined ? undefined : time(notAfter, now),
      nextKey: nextKey === undefined ? undefined : fingerprint(nextKey),
    }),
  };
}

/** Whoever has the bundle of before would refuse this one. */
async function checkSerial(file: string, key: string, serial: number): Promise<void> {
  const before = await readIfThere(file);
  if (before === undefined) return;
  let last: number;
  try {
    last = verifyBundle(before.toString('utf8'), { key }).payload.serial;
  } catch (error) {
    // Of the key before, or no bundle at all: nothing to compare with.
    if (error instanceof LatchkeyError) return;
    throw error;
  }
  if (serial > last) return;
  throw wrong(
    `${file} has the serial number ${last}, and this one would have ${serial}: who has joined would refuse it.`,
    'Give a greater one with --serial.',
  );
}

function time(given: string, now: Date): string {
  const found = new Date(given);
  if (!Number.isNaN(found.getTime()) && found > now) return found.toISOString();
  throw wrong(
    `--not-after ("${given}") is no time to come.`,
    'Write it as 2030-01-31 or 2030-01-31T12:00:00Z.',
  );
}

function fingerprint(given: string): string {
  if (isFingerprint(given)) return given;
  throw wrong(
    'This is no fingerprint of a key.',
    'It has 43 characters; "latchkey bundle keygen" has printed it.',
  );
}

function wrong(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('request-invalid', message, { remedy });
}

async function text(file: string): Promise<string> {
  const path = resolve(file);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new LatchkeyError('request-invalid', `${path} cannot be read.`, {
      remedy: 'Check the name of the file, and that you may read it.',
      cause,
    });
  }
  if (bytes.length <= maxSignedBytes) return bytes.toString('utf8');
  throw wrong(`${path} is larger than 1 MiB.`, 'Name the file itself.');
}

function describe({ organisation, serial, issuedAt, notAfter, nextKey }: BundlePayload): string {
  return [
    plain(`The signature is right. Organisation: ${organisation}`),
    `Serial number ${serial}, issued ${issuedAt}${notAfter === undefined ? '' : `, good until ${notAfter}`}`,
    ...(nextKey === undefined ? [] : [`Next key: ${nextKey}`]),
  ].join('\n');
}
