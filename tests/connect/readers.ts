import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program, type Part } from '../support/parts.ts';

/** Programs that read the formats, none of which shares a line with what writes them. */
export const readers = {
  python: pythonWith('psycopg2', 'pymysql', 'pymssql'),
  myPrintDefaults: program('my_print_defaults', 'install the package mariadb-client'),
  odbcinst: program('odbcinst', 'install the packages unixodbc and odbcinst'),
  sh: program('sh', 'install the package dash'),
};

/** Runs `body` with a folder that is gone afterwards. */
export function withFolder<Result>(body: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'lk-connect-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a Python script prints as JSON, given JSON on its standard input as `data`. */
export function python(script: string, data: unknown, env: NodeJS.ProcessEnv = process.env): unknown {
  const whole = `import json, sys\ndata = json.load(sys.stdin)\n${script}\nprint(json.dumps(result))`;
  const printed = execFileSync(readers.python.path ?? 'python3', ['-c', whole], {
    input: JSON.stringify(data),
    env: { ...env, PYTHONIOENCODING: 'utf8', LC_ALL: 'C.UTF-8' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(printed);
}

export interface LibpqView {
  host: string;
  port: string;
  user: string;
  database: string;
  password: string;
}

/** How libpq itself resolves services, with a service file and a password file. */
export function libpqServices(serviceText: string, pgpassText: string, services: string[]): LibpqView[] {
  return withFolder((folder) => {
    const [service, pgpass] = [join(folder, 'service'), join(folder, 'pgpass')];
    writeFileSync(service, serviceText, { mode: 0o600 });
    writeFileSync(pgpass, pgpassText, { mode: 0o600 });
    const script = `
import ctypes, ctypes.util
pq = ctypes.CDLL(ctypes.util.find_library('pq'))
pq.PQconnectStart.restype = ctypes.c_void_p
result = []
for name in data:
    connection = ctypes.c_void_p(pq.PQconnectStart(('service=' + name).encode()))
    found = {}
    for key, function in [('host', 'PQhost'), ('port', 'PQport'), ('user', 'PQuser'), ('database', 'PQdb'), ('password', 'PQpass')]:
        call = getattr(pq, function)
        call.restype = ctypes.c_char_p
        found[key] = (call(connection) or b'').decode()
    pq.PQfinish(connection)
    result.append(found)
`;
    const env = { PATH: process.env['PATH'], PGSERVICEFILE: service, PGPASSFILE: pgpass };
    return python(script, services, env) as LibpqView[];
  });
}

/** Options of groups as the MySQL family's own reader prints them, `--name=value`. */
export function optionGroups(text: string, groups: string[]): string[] {
  return withFolder((folder) => {
    const file = join(folder, 'my.cnf');
    writeFileSync(file, text, { mode: 0o600 });
    const printed = execFileSync(
      readers.myPrintDefaults.path ?? 'my_print_defaults',
      [`--defaults-file=${file}`, ...groups],
      { encoding: 'utf8' },
    );
    return printed.split('\n').slice(0, -1);
  });
}

/** A property of each data source, as unixODBC reads it. */
export function odbcProperties(text: string, sources: string[], property: string): string[] {
  return withFolder((folder) => {
    const file = join(folder, 'odbc.ini');
    writeFileSync(file, text, { mode: 0o600 });
    const script = `
import ctypes, ctypes.util
lib = ctypes.CDLL(ctypes.util.find_library('odbcinst'))
result = []
for name in data:
    room = ctypes.create_string_buffer(4096)
    lib.SQLGetPrivateProfileString(name.encode(), b'${property}', b'', room, 4096, b'odbc.ini')
    result.append(room.value.decode())
`;
    return python(script, sources, { PATH: process.env['PATH'], ODBCINI: file }) as string[];
  });
}

/** The Python that has these modules: another one may come first in PATH. */
function pythonWith(...modules: string[]): Part {
  const remedy = `install the packages ${modules.map((name) => `python3-${name}`).join(', ')}`;
  const candidates = ['/usr/bin/python3', program('python3', remedy).path].filter(
    (path) => path !== undefined,
  );
  const path = candidates.find(
    (candidate) =>
      spawnSync(candidate, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0,
  );
  return { name: 'python3', path, remedy };
}
