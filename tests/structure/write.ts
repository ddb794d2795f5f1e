/** `npm run layers`: writes what is made from the table of rooms and from the imports, and says where these differ. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences, roomGraph } from './graph.ts';
import { readImports, root } from './imports.ts';
import { made } from './made.ts';

for (const { path, text } of made()) writeFileSync(join(root, path), text);

const { files } = readImports();
for (const line of differences(files, roomGraph(files))) process.stderr.write(`${line}\n`);
