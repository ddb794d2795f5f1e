import { expect, test } from 'vitest';
import { scriptCandidate } from '../../../main/gateway/peers/script.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

test.each([
  ['java', '-jar app.jar -p Hunter2', 'file', 'app.jar'],
  [
    'java',
    '-Xmx1g -Dfile.encoding=UTF-8 -cp a.jar:b.jar com.example.Main Hunter2',
    'name',
    'com.example.Main',
  ],
  [
    'java.exe',
    '--add-opens java.base/x=ALL --enable-preview -m app/com.example.Main',
    'name',
    'app/com.example.Main',
  ],
  ['javaw', '-ea:com... -XX:+UseZGC Main', 'name', 'Main'],
  ['java', 'Report.java Hunter2', 'file', 'Report.java'],
  ['python3.11', '/usr/bin/pgcli -h localhost', 'file', '/usr/bin/pgcli'],
  ['python3', '-u -B report.py Hunter2', 'file', 'report.py'],
  ['python', '-m sqlacodegen.cli postgresql://u:Hunter2@h/d', 'name', 'sqlacodegen.cli'],
  ['node', '--enable-source-maps --max-old-space-size=4096 server.js', 'file', 'server.js'],
  ['electron', 'app.asar', 'file', 'app.asar'],
  ['bash', '-eu backup.sh Hunter2', 'file', 'backup.sh'],
  ['perl', 'load.pl', 'file', 'load.pl'],
  ['dotnet', 'App.dll', 'file', 'App.dll'],
] as const)('%s %s', (program, line, kind, text) => {
  expect(scriptCandidate(program, words(line))).toEqual({ kind, text });
});

test.each([
  // No interpreter: not one word is looked at.
  ['psql', 'report.sql'],
  ['mysql', '-psecret db'],
  ['pythonista', 'report.py'],
  // Code in place of a script.
  ['python3', '-c Hunter2'],
  ['node', '-e Hunter2'],
  ['bash', '-c Hunter2'],
  ['bash', '-euc Hunter2'],
  ['perl', '-e Hunter2'],
  // Options that this table does not know may take the next word.
  ['python3', '-X Hunter2 report.py'],
  ['node', '--require Hunter2 server.js'],
  ['node', '--env-file Hunter2 server.js'],
  ['java', '--unknown Hunter2 Main'],
  ['java', '-jar'],
  ['java', '-cp'],
  // An argument file holds more options, perhaps the class too.
  ['java', '@options Hunter2'],
  ['java', '-cp x @options Hunter2'],
  // In no form that a class or module has.
  ['java', '-cp x hunter2'],
  ['java', '-cp x Hunter2!'],
  ['python3', '-m hunter-2'],
  ['python3', '-m'],
  ['python3', ''],
  ['python3', '-'],
])('%s %s tells nothing', (program, line) => {
  expect(scriptCandidate(program, words(line))).toBeUndefined();
});
