// Programs that a person types into: psql, pgcli, pgloader, mariadb, mycli, tsql, isql. See ./command-lines.mjs.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { database, env, loadFile, user } from './node-shared.mjs';

const { MATRIX_CA: ca, MATRIX_FOLDER: folder, MATRIX_PORT: port } = env;
const file = loadFile();

/** Runs a program with this input to its end; `onStart` gets it while it runs. */
function run([program, ...args], more, input, onStart) {
  const child = spawn(program, args, { env: { ...env, ...more } });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  child.stdin.on('error', () => undefined);
  onStart?.(child);
  // pgcli connects again and repeats the statement: then the answer is known.
  child.stdout.on('data', () => {
    if (text.includes('Reconnecting')) child.kill();
  });
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('close', () => resolve(text.trim()));
  });
}
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
/** For programs that talk to a terminal only; what a terminal draws is taken out of the answer. */
async function onTerminal(command, more, input) {
  const drawn = await run(
    ['script', '-qec', command.map(quoted).join(' '), '/dev/null'],
    { ...more, TERM: 'dumb', PAGER: 'cat' },
    input,
  );
  // oxlint-disable-next-line no-control-regex
  return drawn.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}
const freetds = (verified) => {
  const path = join(folder, 'freetds.conf');
  const tls = verified ? ['encryption = require', `ca file = ${ca}`, 'check certificate hostname = yes'] : [];
  writeFileSync(
    path,
    [
      '[here]',
      'host = localhost',
      `port = ${port}`,
      'tds version = 7.4',
      'client charset = UTF-8',
      ...tls,
      '',
    ].join('\n'),
  );
  return path;
};

/** `ask(statements, password, {verified, onStart, keep})` answers with what the program prints. */
export const tools = {
  psql: {
    ask: (statements, password, { verified, onStart } = {}) =>
      run(
        [
          'psql',
          '-X',
          '-At',
          '-P',
          'null=NULL',
          '-h',
          verified ? 'localhost' : '127.0.0.1',
          '-p',
          port,
          '-U',
          user,
          '-d',
          database,
        ],
        { PGPASSWORD: password, ...(verified ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca } : {}) },
        `${statements.join(';\n')};\n`,
        onStart,
      ),
    prepared: ['prepare sum(int) as select $1 + 1; execute sum(41); execute sum(42)'],
    cancel: true,
    bulk: [
      'create temporary table bulk (id int, note text)',
      `\\copy bulk from '${file}'`,
      'select count(*) from bulk',
    ],
    metadata: ['\\d\n\\d matrix_items'],
  },
  pgcli: {
    ask: (statements, password, { verified } = {}) =>
      onTerminal(
        [
          'pgcli',
          '-h',
          verified ? 'localhost' : '127.0.0.1',
          '-p',
          port,
          '-U',
          user,
          '-d',
          database,
          '--less-chatty',
          '--warn',
          'off',
        ],
        { PGPASSWORD: password, ...(verified ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca } : {}) },
        `${statements.join(';\n')};\n\\q\n`,
      ),
    terminal: true,
    metadata: ['\\d matrix_items'],
  },
  pgloader: {
    async ask(_statements, password, { verified } = {}) {
      const load = join(folder, 'load');
      // Its addresses write an @ within a name twice.
      const place = `postgresql://${user.replaceAll('@', '@@')}:${password}@${verified ? 'localhost' : '127.0.0.1'}:${port}/${database}?${verified ? 'sslmode=require&' : ''}tablename=loaded`;
      const table = '$$ drop table if exists loaded $$, $$ create table loaded (id int, note text) $$';
      writeFileSync(
        load,
        `LOAD CSV FROM '${file}' (id, note) INTO ${place} (id, note) WITH truncate, fields terminated by '\t' BEFORE LOAD DO ${table};\n`,
      );
      return run(['pgloader', load], verified ? { SSL_CERT_FILE: ca } : {}, '');
    },
    only: 'it only loads',
  },
  mariadb: {
    ask: (statements, password, { verified, onStart } = {}) =>
      run(
        [
          'mariadb',
          '--no-defaults',
          '--force',
          '-N',
          '-B',
          '--local-infile=1',
          '-h',
          verified ? 'localhost' : '127.0.0.1',
          '--protocol=tcp',
          '-P',
          port,
          '-u',
          user,
          ...(verified ? ['--ssl-verify-server-cert', `--ssl-ca=${ca}`] : []),
          database,
        ],
        { MYSQL_PWD: password },
        `${statements.join(';\n')};\n`,
        onStart,
      ),
    prepared: [
      "prepare sum from 'select ? + 1'",
      'set @a = 41, @b = 42',
      'execute sum using @a',
      'execute sum using @b',
    ],
    cancel: true,
    bulk: [
      'create temporary table bulk (id int, note text)',
      `load data local infile '${file}' into table bulk`,
      'select count(*) from bulk',
    ],
    metadata: ['show tables', 'describe matrix_items'],
  },
  mycli: {
    ask: (statements, password, { verified } = {}) =>
      run(
        [
          'mycli',
          '--csv',
          '--no-warn',
          '--local-infile=1',
          '-h',
          '127.0.0.1',
          '-P',
          port,
          '-u',
          user,
          ...(verified ? ['--ssl-ca', ca] : []),
          '-D',
          database,
          '-e',
          statements.join('; '),
        ],
        { MYSQL_PWD: password, HOME: folder },
        // It asks once more for a password that is refused.
        `${password}\n`,
      ),
    bulk: [
      'create temporary table bulk (id int, note text)',
      `load data local infile '${file}' into table bulk`,
      'select count(*) from bulk',
    ],
    metadata: ['show tables', 'describe matrix_items'],
    stops: true,
  },
  tsql: {
    ask: (statements, password, { verified } = {}) =>
      run(
        ['tsql', '-o', 'fhq', '-S', 'here', '-U', user, '-P', password, '-D', database],
        { FREETDSCONF: freetds(verified), FREETDS: freetds(verified) },
        `${statements.map((each) => `${each}\ngo\n`).join('')}exit\n`,
      ),
    bulk: ['select * from numbers(2000)'],
  },
  'isql, FreeTDS': {
    ask: (statements, password) =>
      run(
        [
          'isql',
          '-v',
          '-b',
          '-d|',
          '-k',
          `DRIVER=FreeTDS;SERVER=127.0.0.1;PORT=${port};UID=${user};PWD=${password};DATABASE=${database};TDS_Version=7.4;ClientCharset=UTF-8`,
        ],
        {},
        `${statements.join('\n')}\n`,
      ),
    unverified: 'its authority is named in freetds.conf alone',
    bulk: ['select * from numbers(2000)'],
  },
  'isql, MariaDB': {
    ask: (statements, password, { verified } = {}) =>
      run(
        [
          'isql',
          '-v',
          '-b',
          '-d|',
          '-k',
          `DRIVER={MariaDB Unicode};SERVER=127.0.0.1;PORT=${port};UID=${user};PWD=${password};DATABASE=${database}${verified ? `;SSLCA=${ca}` : ''}`,
        ],
        {},
        `${statements.join('\n')}\n`,
      ),
    metadata: ['help', 'help matrix_items'],
  },
  'isql, psqlODBC': {
    ask: (statements, password, { verified } = {}) =>
      run(
        [
          'isql',
          '-v',
          '-b',
          '-d|',
          '-k',
          `DRIVER={PostgreSQL Unicode};SERVER=${verified ? 'localhost' : '127.0.0.1'};PORT=${port};UID=${user};PWD=${password};DATABASE=${database}${verified ? `;SSLmode=verify-full;pqopt=sslrootcert=${ca}` : ''}`,
        ],
        {},
        `${statements.join('\n')}\n`,
      ),
    metadata: ['help', 'help matrix_items'],
  },
};
