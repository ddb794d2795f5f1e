import fc from 'fast-check';
import type { ProtocolName } from '../../main/contract/protocols.ts';
import { encodeHandshakeResponse } from '../../main/gateway/mysql/handshake-response.ts';
import { packet as mysqlPacket } from '../../main/gateway/mysql/wire.ts';
import { modernExtended, modernFlags } from '../gateway/mysql/raw-client.ts';
import { login7, packet as tdsPacket, plainPrelogin } from '../gateway/sqlserver/raw-client.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { gssRequest, sslRequest, startupPacket } from '../support/wire-client.ts';
import { startProduct } from './product.ts';
import { count, inLanes, within, type Target } from './target.ts';

const sizes = { quick: 300, full: 20_000 };
/** Half a second for what the system itself keeps a moment longer. */
const spareDescriptors = 3;

/** What each protocol's client says first, to be damaged. */
const openings: Record<ProtocolName, Buffer[]> = {
  postgresql: [startupPacket({ user: 'ann', database: 'sales' }), sslRequest, gssRequest],
  mysql: [
    mysqlPacket(
      1,
      encodeHandshakeResponse({
        capabilities: { flags: modernFlags, extended: modernExtended },
        maxPacket: 2 ** 24,
        charset: 45,
        user: 'ann',
        response: Buffer.alloc(20, 1),
        database: 'shop',
        plugin: 'mysql_native_password',
        attributes: Buffer.from('\u0004_pid\u000242'),
      }),
    ),
  ],
  sqlserver: [
    plainPrelogin,
    Buffer.concat([
      plainPrelogin,
      tdsPacket(0x10, login7({ user: 'ann', password: 'wrong', database: 'books' })),
    ]),
  ],
};

export const malformedTcp: Target = {
  name: 'malformed-tcp',
  bound: '20,000 malformed sessions at each gateway: all closed, descriptors back, nothing let in',
  async run(size) {
    const product = await startProduct(true);
    try {
      const before = product.descriptors();
      let open = 0;
      for (const [protocol, port] of Object.entries(product.ports) as [ProtocolName, number][]) {
        const inputs = fc.sample(malformed(openings[protocol]), sizes[size]);
        await inLanes(inputs.length, 50, async (index) => {
          if (!(await isClosed(port, inputs[index] ?? Buffer.alloc(0)))) open += 1;
        });
      }
      const isBack = await within(10_000, () => product.descriptors() <= before + spareDescriptors);
      const letIn = (await product.latchkey.audit('login-allowed')).length;
      const answers = await product.latchkey.state().then(
        () => true,
        () => false,
      );
      return {
        figure:
          `${count(sizes[size])} sessions at each of 3 gateways, ${open} not closed, ` +
          `${product.descriptors() - before} descriptors more than before, ${letIn} let in`,
        pass: open === 0 && isBack && letIn === 0 && answers,
      };
    } finally {
      await product.close();
    }
  },
};

/** The client sends its end behind the bytes; the gateway has to hang up by itself. */
async function isClosed(port: number, bytes: Buffer): Promise<boolean> {
  const socket = await rawSocket(port);
  socket.write(bytes);
  socket.finish();
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, 20_000, undefined).unref());
  const closed = await Promise.race([socket.closed(), late]);
  socket.destroy();
  return closed !== undefined;
}

function malformed(valid: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const bytes = (maxLength: number) =>
    fc.uint8Array({ minLength: 1, maxLength }).map((each) => Buffer.from(each));
  const good = fc.constantFrom(...valid);
  return fc.oneof(
    bytes(200),
    fc
      .tuple(good, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([opening, changes]) => {
        const copy = Buffer.from(opening);
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return copy;
      }),
    fc
      .tuple(good, fc.nat(400))
      .map(([opening, length]) => opening.subarray(0, 1 + (length % opening.length))),
    fc.tuple(good, bytes(60)).map(([opening, rest]) => Buffer.concat([opening, rest])),
  );
}
