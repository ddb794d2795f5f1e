// PgBouncer and Pgpool-II between a client and the gateway: the client is npm's pg, whose program does the checks.
import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [name = ''] = process.argv.slice(2);
const { env } = process;
const { MATRIX_PORT: gateway, MATRIX_USER: user, MATRIX_DATABASE: database, MATRIX_FOLDER: folder } = env;
const secrets = { token: env.MATRIX_TOKEN, handle: env.MATRIX_HANDLE, wrong: 'lk_wrong' };
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const port = await freePort();
const path = (file) => join(folder, file);
/** Neither runs as root. In a user namespace it is somebody else to itself only, and the gateway sees who started it. */
const asSomebody = (command) =>
  process.getuid() === 0 ? ['unshare', '--user', '--map-user=1000', '--map-group=1000', ...command] : command;

let command;
if (name === 'pgbouncer') {
  const databases = Object.entries(secrets).map(
    ([kind, password]) =>
      `${kind} = host=127.0.0.1 port=${gateway} dbname=${database} user='${user}' password='${password}'`,
  );
  const settings = [
    `listen_addr = 127.0.0.1`,
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = session',
    'server_login_retry = 1',
  ];
  writeFileSync(
    path('pgbouncer.ini'),
    ['[databases]', ...databases, '[pgbouncer]', ...settings, ''].join('\n'),
  );
  command = asSomebody(['pgbouncer', path('pgbouncer.ini')]);
}
if (name === 'pgpool') {
  const pcp = await freePort();
  // Pgpool asks for the password in the clear and takes the same to the gateway, once for each connection of its own.
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    socket_dir: folder,
    pcp_port: pcp,
    pcp_socket_dir: folder,
    pcp_listen_addresses: '',
    backend_hostname0: '127.0.0.1',
    backend_port0: gateway,
    backend_weight0: 1,
    backend_clustering_mode: 'raw',
    enable_pool_hba: 'off',
    allow_clear_text_frontend_auth: 'on',
    pid_file_name: path('pgpool.pid'),
    logdir: folder,
    num_init_children: 8,
    max_pool: 1,
    sr_check_period: 0,
    health_check_period: 0,
    memory_cache_enabled: 'off',
    pool_passwd: 'pool_passwd',
    failover_on_backend_error: 'off',
    connection_cache: 'off',
  };
  writeFileSync(
    path('pgpool.conf'),
    Object.entries(settings)
      .map(([key, value]) => `${key} = '${value}'`)
      .join('\n'),
  );
  for (const file of ['pcp.conf', 'pool_hba.conf', 'pool_passwd', 'pgpool_node_id'])
    writeFileSync(path(file), file === 'pgpool_node_id' ? '0' : '');
  command = asSomebody([
    'pgpool',
    '-n',
    '-f',
    path('pgpool.conf'),
    '-F',
    path('pcp.conf'),
    '-a',
    path('pool_hba.conf'),
    '-k',
    path('pool_key'),
  ]);
}
chmodSync(folder, 0o700);
const [program, ...args] = command;
const pooler = spawn(program, args, { env: { ...env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
let log = '';
pooler.stderr.on('data', (text) => (log = (log + text).slice(-3000)));
const answers = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
const deadline = Date.now() + 20_000;
while (!(await answers()) && Date.now() < deadline && pooler.exitCode === null)
  await new Promise((resolve) => setTimeout(resolve, 100));
if (pooler.exitCode !== null) process.stdout.write(`${JSON.stringify({ fatal: log })}\n`);
else {
  const named =
    name === 'pgbouncer' ? { MATRIX_DATABASES: '1', MATRIX_TOKEN: 'token', MATRIX_HANDLE: 'handle' } : {};
  const child = spawn(process.execPath, [fileURLToPath(new URL('node.mjs', import.meta.url)), 'pg'], {
    env: { ...env, MATRIX_PORT: String(port), MATRIX_POOLER: name, ...named },
    stdio: 'inherit',
  });
  await new Promise((resolve) => child.once('close', resolve));
  if (env.MATRIX_DEBUG) process.stderr.write(log);
}
pooler.kill('SIGINT');
setTimeout(() => pooler.kill('SIGKILL'), 2000).unref();
