import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere } from '../store/durable-file.ts';
import { authorityFileName, authorityFolder, passingMark } from '../store/local-authority.ts';
import { plain, result, type Output } from './output.ts';
import { askTerminal } from './terminal.ts';
import type { Tools } from './tools.ts';

interface Authority {
  file: string;
  pem: string;
  certificate: X509Certificate;
  /** False where the next start of Latchkey makes another one. */
  lasting: boolean;
}

/** How the system is made to trust the authority, and to forget it again. */
interface TrustCommand {
  program: string;
  parameters: string[];
  where: string;
  undo: string;
}

/** `certificate`: the authority behind the gateways' TLS. Reads the home's file, whether or not a broker runs. */
export function registerCertificate({ program, output, signal, run }: Tools): void {
  const certificate = program
    .command('certificate')
    .description('the certificate authority of this installation, for SQL clients that insist on TLS');

  certificate
    .command('show')
    .description('where it is, its fingerprint, how long it is valid')
    .action(run(async ({ home }) => show(await readAuthority(home), output)));

  certificate
    .command('pem')
    .description('print the certificate')
    .action(
      run(async ({ home }) => {
        const { pem } = await readAuthority(home);
        result(output, 'certificate pem', { pem }, pem.trimEnd());
      }),
    );

  certificate
    .command('install')
    .description('have this computer trust it; on Linux, prints what to run as root')
    .option('--yes', 'without asking', false)
    .action(
      run(async ({ home }, { yes }: { yes: boolean }) => {
        const authority = await readAuthority(home);
        const command = trustCommand(process.platform, authority);
        if (command === undefined) {
          const steps = linuxSteps(authority.file);
          const printed = { installed: false as const, ...describe(authority), commands: steps.commands };
          result(output, 'certificate install', printed, steps.text);
          return;
        }
        const warning = authority.lasting ? '' : `${notLasting}\n`;
        if (!yes) await demandYes(`${warning}Trust ${nameOf(authority)} ${command.where}?`, signal);
        await trust(command);
        const undo = `To forget it again: ${command.undo}`;
        result(
          output,
          'certificate install',
          { installed: true, ...describe(authority), undo: command.undo },
          `This computer trusts ${nameOf(authority)} now. ${undo}`,
        );
      }),
    );
}

const notLasting =
  'Latchkey has no keychain or key file here, so that it makes a new authority at every start: trust would end with it.';

/** @throws LatchkeyError `broker-not-running` where no broker has made one yet, `store-failed` where it is damaged */
async function readAuthority(home: string): Promise<Authority> {
  const file = join(authorityFolder(home), authorityFileName);
  const bytes = await readIfThere(file);
  if (bytes === undefined) {
    throw new LatchkeyError('broker-not-running', `There is no certificate authority in ${home} yet.`, {
      remedy: 'Start Latchkey on this folder once: it makes one.',
    });
  }
  try {
    const certificate = new X509Certificate(bytes);
    const lasting = !certificate.subject.includes(passingMark);
    return { file, pem: bytes.toString('utf8'), certificate, lasting };
  } catch (cause) {
    throw new LatchkeyError('store-failed', `${file} is not a certificate.`, {
      remedy: 'Restart Latchkey: it writes the file anew.',
      cause,
    });
  }
}

function show(authority: Authority, output: Output): void {
  const { file, certificate } = authority;
  const text = [
    nameOf(authority),
    `  File         ${file}`,
    `  SHA-256      ${certificate.fingerprint256}`,
    `  Valid        ${dateOf(certificate.validFromDate)} to ${dateOf(certificate.validToDate)}`,
    '  Vouches for  localhost, 127.0.0.1 and ::1 only',
    ...(authority.lasting ? [] : ['', notLasting]),
  ];
  result(output, 'certificate show', describe(authority), text.join('\n'));
}

function describe({ file, certificate, lasting }: Authority) {
  return {
    file,
    subject: plain(certificate.subject),
    sha256: certificate.fingerprint256,
    validFrom: certificate.validFromDate.toISOString(),
    validTo: certificate.validToDate.toISOString(),
    lasting,
  };
}

function nameOf({ certificate }: Authority): string {
  return `"${plain(certificate.subject.replace(/^CN=/, ''))}"`;
}

function dateOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/**
 * Both put it among the authorities of this user alone, and both have the system ask the person once more.
 * @returns undefined for systems whose list of authorities belongs to root
 */
export function trustCommand(
  platform: NodeJS.Platform,
  { file, certificate }: Pick<Authority, 'file' | 'certificate'>,
): TrustCommand | undefined {
  if (platform === 'darwin') {
    return {
      program: '/usr/bin/security',
      // Without -k it is the default keychain, which is the login keychain. Trusted for TLS and nothing else.
      parameters: ['add-trusted-cert', '-r', 'trustRoot', '-p', 'ssl', file],
      where: 'in your login keychain, for TLS only',
      undo: `security remove-trusted-cert ${quoted(file)}`,
    };
  }
  if (platform === 'win32') {
    const thumbprint = certificate.fingerprint.replaceAll(':', '');
    return {
      // In full, as a certutil.exe in the current folder would come first.
      program: join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'certutil.exe'),
      parameters: ['-user', '-addstore', 'Root', file],
      where: 'among the root certificates of your Windows account',
      undo: `certutil -user -delstore Root ${thumbprint}`,
    };
  }
  return undefined;
}

/** @throws LatchkeyError `command-failed` where the system's tool is missing or says no, which the person may have */
export async function trust({ program, parameters }: TrustCommand): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(program, parameters, (cause, stdout, stderr) => {
      if (cause === null) return resolve();
      const said = plain(`${stderr}${stdout}`.trim().split(/\r?\n/)[0] ?? '');
      return reject(
        new LatchkeyError('command-failed', `The system did not take the certificate.${said && ` ${said}`}`, {
          remedy: 'Try again and confirm the question of the system, or let single programs trust the file.',
          cause,
        }),
      );
    });
  });
}

async function demandYes(question: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new LatchkeyError(
      'request-invalid',
      'This changes what your computer trusts, and nobody can be asked.',
      { remedy: 'Run it in a terminal, or add --yes.' },
    );
  }
  const answer = await askTerminal(`${question} [y/N] `, { shown: true, signal }).catch(() => '');
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new LatchkeyError('request-refused', 'Nothing was changed.');
}

/** For people who have to do it themselves, and for programs that have a list of authorities of their own. */
function linuxSteps(file: string): { commands: Record<string, string[]>; text: string } {
  const path = quoted(file);
  const commands = {
    debian: [
      `sudo install -m 0644 ${path} /usr/local/share/ca-certificates/latchkey.crt`,
      'sudo update-ca-certificates',
    ],
    fedora: [
      `sudo install -m 0644 ${path} /etc/pki/ca-trust/source/anchors/latchkey.pem`,
      'sudo update-ca-trust',
    ],
  };
  const tools = [
    ['psql and libpq', `PGSSLMODE=verify-full PGSSLROOTCERT=${path}`],
    ['mariadb', `--ssl-ca=${path} --ssl-verify-server-cert`],
    ['mysql', `--ssl-ca=${path} --ssl-mode=VERIFY_IDENTITY`],
    ['FreeTDS', `"ca file = ${file}" in freetds.conf`],
    ['Node.js', `NODE_EXTRA_CA_CERTS=${path}`],
    [
      'Java',
      `keytool -importcert -noprompt -alias latchkey -file ${path} -keystore latchkey.p12 -storepass changeit`,
    ],
    ['', '-Djavax.net.ssl.trustStore=latchkey.p12 -Djavax.net.ssl.trustStorePassword=changeit'],
  ];
  const text = [
    'Only root can change what this whole computer trusts. On Debian and Ubuntu:',
    ...commands.debian.map((line) => `  ${line}`),
    'On Fedora and Red Hat:',
    ...commands.fedora.map((line) => `  ${line}`),
    'Or let a single program trust it:',
    ...tools.map(([tool = '', setting = '']) => `  ${tool.padEnd(15)} ${setting}`),
  ];
  return { commands, text: text.join('\n') };
}

/** For a POSIX shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
