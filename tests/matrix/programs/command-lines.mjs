// Programs that a person types into: the list of checks. See ../checks.ts.
import { tools } from './command-line-tools.mjs';
import { Cannot, check, env, say, sql, told } from './node-shared.mjs';

const [name = ''] = process.argv.slice(2);
const { MATRIX_TOKEN: token, MATRIX_HANDLE: handle } = env;
const tool = tools[name];
const lastLine = (text) =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .at(-1) ?? '';
/** One value of what was printed, without frames, quotes and headers. */
const found = (text, pattern) => pattern.exec(text.replaceAll('"', ''))?.[0] ?? text;
const login = async (password, options) => {
  const printed = await tool.ask(['select 1 as one'], password, options);
  if (tool.only !== undefined) return /\b2000\b/.test(printed) ? '1' : printed;
  return /error|failed|fatal|denied/i.test(printed) ? printed : found(printed, /(?<![\w.:])1(?![\w.:])/);
};
const only = () => {
  if (tool.only !== undefined) throw new Cannot(tool.only);
};

await check('token', () => login(token));
await check('handle', () => login(handle));
await check('wrong', () => tool.ask(['select 1'], 'lk_wrong'));
await check('verified', () => {
  if (tool.unverified !== undefined) throw new Cannot(tool.unverified);
  return login(token, { verified: true });
});
await check('simple', async () => {
  only();
  const printed = await tool.ask([sql.simple], token);
  if (sql.protocol === 'sqlserver') return found(printed, /ä/);
  return /(?<!\w)"?1"?[\s|,]+"?ä"?[\s|,]*("?NULL"?|<null>|"")?[\s|,]*$/im.test(printed)
    ? '1|ä|NULL'
    : printed;
});
await check('prepared', async () => {
  only();
  if (tool.prepared === undefined) throw new Cannot('a person types no parameters');
  return (await tool.ask(tool.prepared, token))
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .join(',');
});
await check('error', async () => {
  only();
  if (tool.stops)
    return `${await tool.ask([sql.wrong], token)}|${found(await tool.ask(['select 2'], token), /\b2\b/)}`;
  const printed = await tool.ask([sql.wrong, 'select 2'], token);
  return `${printed}|${found(printed, /(?<![\w.:])2(?![\w.:])/)}`;
});
await check('cancel', async () => {
  only();
  if (!tool.cancel) throw new Cannot('not tried: it wants a terminal');
  const printed = await tool.ask([sql.long.replace('CHECK', 'cancel')], token, {
    onStart(child) {
      say({ running: 'cancel' });
      void told().then(() => child.kill('SIGINT'));
    },
  });
  return `${printed}|${lastLine(await tool.ask(['select 3'], token))}`;
});
await check('bulk', async () => {
  if (tool.only !== undefined) return (await tool.ask([], token)).includes('2000') ? '2000' : 'not loaded';
  if (tool.bulk === undefined) throw new Cannot('it has no command for it');
  const printed = await tool.ask(tool.bulk, token);
  if (sql.protocol === 'sqlserver') return String(printed.match(/[0-9a-f]{32}/g)?.length);
  return found(printed, /\b2000$/m);
});
await check('metadata', async () => {
  only();
  if (tool.metadata === undefined) throw new Cannot('the stand-in has no catalog');
  return tool.ask(tool.metadata, token);
});
await check('cut', async () => {
  only();
  say({ running: 'cut' });
  const statement = sql.long.replace('CHECK', 'cut');
  const printed = await tool.ask([statement], handle);
  const lost = /terminat|closed|lost|gone|ended|dead|reset|57P01|broken/i.test(printed);
  return `${lost ? 'lost' : 'kept'} ${printed}|${found(await tool.ask(['select 4 as four'], handle), /(?<![\w.:])4(?![\w.:])/)}`;
});
process.exit(0);
