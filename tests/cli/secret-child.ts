import { readSecret } from '../../main/cli/secret-input.ts';
import { askTerminal } from '../../main/cli/terminal.ts';
import { toProblem } from '../../main/contract/errors.ts';

/** Asks for two secrets and, with an argument, for an answer that may be seen; prints them in hexadecimal. */
const hex = (text: string): string => Buffer.from(text).toString('hex');
try {
  const first = await readSecret('First');
  const second = await readSecret('Second');
  const seen = process.argv[2] === undefined ? '' : await askTerminal(process.argv[2], { shown: true });
  process.stdout.write(`${[first, second, seen].map(hex).join(' ')}\n`);
} catch (error) {
  process.stdout.write(`${toProblem(error).message}\n`);
  process.exitCode = 1;
}
process.stdin.destroy();
