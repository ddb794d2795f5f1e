import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandGroups } from '../../main/cli/program.ts';
import type { Tools } from '../../main/cli/tools.ts';
import { actionSchemas } from '../../main/contract/action-schemas.ts';
import { type ActionName, actions } from '../../main/contract/actions.ts';

test.each(commandGroups)('$names are what their module registers', async ({ names, load }) => {
  const program = new Command();
  const unused = () => () => undefined;
  (await load())({ program, run: unused, withClient: unused } as unknown as Tools);
  expect(program.commands.flatMap((command) => [command.name(), ...command.aliases()])).toEqual(names);
});

test('the table of actions knows which of them take an account, as their schemas do', () => {
  const names = Object.keys(actions) as ActionName[];
  const bySchema = names.filter((name) => {
    const request: object = actionSchemas[name].request;
    const forms = 'options' in request ? (request.options as object[]) : [request];
    return forms.every((form) => 'shape' in form && 'as' in (form.shape as object));
  });
  expect(names.filter((name) => 'as' in actions[name])).toEqual(bySchema);
});
