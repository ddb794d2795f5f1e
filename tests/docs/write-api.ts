import { readFile, writeFile } from 'node:fs/promises';
import { printed } from '../../main/cli/printed.ts';
import { actionSchemas } from '../../main/contract/action-schemas.ts';
import { actions } from '../../main/contract/actions.ts';
import { jsonSchemas, printedTable, routeTable, withTables } from './api-table.ts';

/** `npm run api-docs`: writes the tables of docs/API.md and assets/api.schema.json anew, from the contract. */
const page = new URL('../../docs/API.md', import.meta.url);
const schema = new URL('../../assets/api.schema.json', import.meta.url);
const tables = { routes: routeTable(actions, actionSchemas), commands: printedTable(printed) };
await writeFile(page, withTables(await readFile(page, 'utf8'), tables));
await writeFile(schema, `${JSON.stringify(jsonSchemas(actions, actionSchemas, printed), undefined, 2)}\n`);
