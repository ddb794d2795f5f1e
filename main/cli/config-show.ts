import type { Command } from 'commander';
import { allWarnings } from '../config/ignored.ts';
import { loadConfiguration } from '../config/load.ts';
import type { Organisation } from '../config/organisation.ts';
import { shownValues, type ShownValue } from '../config/origin.ts';
import { plain, result } from './output.ts';
import type { Tools } from './tools.ts';

/** `config show`: what counts, and where it comes from. */
export function registerConfigShow(config: Command, { output, source, run }: Tools): void {
  config
    .command('show')
    .description('the configuration as the files make it: built-in values, the organisation, and your file')
    .option('--origin', 'with the file and line that each value comes from', false)
    .action(
      run(async (globals, { origin }: { origin: boolean }) => {
        const loaded = await loadConfiguration(await source(globals));
        const warnings = [...loaded.faulty.map(({ problem }) => problem.message), ...allWarnings(loaded)];
        const values = shownValues(loaded);
        for (const warning of warnings) output.err(plain(warning));
        const of = loaded.layers.organisation;
        result(
          output,
          'config show',
          {
            ...(of === undefined ? {} : { organisation: described(of) }),
            values: values.map(asJson),
            warnings,
          },
          told(values, origin),
        );
      }),
    );
}

function described({ label, locked, forbid }: Organisation) {
  return { origin: label, locked: locked.map(({ path }) => path.join('.')), forbid };
}

/** A checked configuration is what JSON can say. */
function asJson(shown: ShownValue) {
  return { ...shown, value: JSON.parse(JSON.stringify(shown.value)) as never };
}

function told(values: readonly ShownValue[], withOrigin: boolean): string {
  const lines = values.map((one) => `${one.key}: ${textOf(one.value)}`);
  if (!withOrigin) return lines.map(plain).join('\n');
  const width = Math.min(60, Math.max(...lines.map(({ length }) => length)));
  return values
    .map((one, index) => plain(`${(lines[index] ?? '').padEnd(width)}  # ${originOf(one)}`))
    .join('\n');
}

function textOf(value: unknown): string {
  return typeof value === 'string' && /^[^\s"'][^\n]*$/.test(value) ? value : JSON.stringify(value);
}

function originOf({ origin, file, line, locked }: ShownValue): string {
  const place = file === undefined ? origin : `${origin} ${file}${line === undefined ? '' : `:${line}`}`;
  return locked ? `${place}, locked` : place;
}
