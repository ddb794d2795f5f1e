/** MariaDB: the statement that was prepared last, whose number the client need not know yet. */
const lastPrepared = 0xff_ff_ff_ff;
/** More than any client keeps. */
const maxKnown = 100;
/** Command, statement, flags, iterations. */
const headLength = 10;
/** "Binary Protocol Value": how each type of number and text holds the id. */
const types = {
  int: 0x03,
  double: 0x05,
  bigint: 0x08,
  varchar: 0x0f,
  decimal: 0xf6,
  varString: 0xfd,
  string: 0xfe,
};

/**
 * Statements of one session that kill the thread whose id is their only parameter: "COM_STMT_EXECUTE"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html).
 */
export function createKillStatements() {
  /** With the type of the parameter, which clients tell with the first execution only. */
  const known = new Map<number, number | undefined>();
  let lastKills = false;

  return {
    /** A client has sent a statement to prepare. */
    prepares(kills: boolean): void {
      lastKills = kills;
    },
    /** The server has given such a statement its number, which it gives to no other. */
    prepared(id: number): void {
      if (known.size >= maxKnown) known.delete(known.keys().next().value ?? 0);
      known.set(id, undefined);
    },

    /** Whether this execution, of which the beginning is there, may be one of such a statement. */
    mayExecute(payload: Buffer): boolean {
      if (known.size === 0 && !lastKills) return false;
      if (payload.length < 5) return true;
      const id = payload.readUInt32LE(1);
      return id === lastPrepared ? lastKills : known.has(id);
    },

    /**
     * Replaces the id in a whole COM_STMT_EXECUTE.
     * @param queryAttributes whether the number of parameters and their names are told too.
     * @param find the upstream's id for one of ours.
     * @returns undefined where there is nothing to replace.
     */
    translate(
      payload: Buffer,
      queryAttributes: boolean,
      find: (id: number) => number | undefined,
    ): Buffer | undefined {
      const id = payload.readUInt32LE(1);
      // One parameter: its count where that is told, one byte for NULLs, and whether types follow.
      const bitmap = headLength + (queryAttributes ? 1 : 0);
      if (queryAttributes && payload[headLength] !== 1) return undefined;
      if (payload.length < bitmap + 2 || payload[bitmap] !== 0) return undefined;
      let value = bitmap + 2;
      let type = known.get(id);
      if (payload[bitmap + 1] === 1) {
        type = payload[value];
        value += 2;
        // A name of its own, which is empty for what the statement asks for.
        if (queryAttributes) value += 1;
        if (id !== lastPrepared) known.set(id, type);
      }
      const found = type === undefined ? undefined : find(readId(type, payload.subarray(value)));
      if (found === undefined || type === undefined) return undefined;
      return Buffer.concat([payload.subarray(0, value), writeId(type, found)]);
    },
  };
}

export type KillStatements = ReturnType<typeof createKillStatements>;

/** @returns NaN for what is no id. */
function readId(type: number, value: Buffer): number {
  switch (type) {
    case types.int:
      return value.length === 4 ? value.readUInt32LE() : Number.NaN;
    case types.bigint:
      return value.length === 8 ? Number(value.readBigUInt64LE()) : Number.NaN;
    case types.double:
      return value.length === 8 ? value.readDoubleLE() : Number.NaN;
    case types.varchar:
    case types.decimal:
    case types.varString:
    case types.string: {
      const text = value.toString('latin1', 1);
      return value[0] === text.length && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    }
    default:
      return Number.NaN;
  }
}

function writeId(type: number, id: number): Buffer {
  const bytes = Buffer.alloc(type === types.int ? 4 : 8);
  switch (type) {
    case types.int:
      bytes.writeUInt32LE(id);
      return bytes;
    case types.bigint:
      bytes.writeBigUInt64LE(BigInt(id));
      return bytes;
    case types.double:
      bytes.writeDoubleLE(id);
      return bytes;
    default: {
      const text = Buffer.from(String(id));
      return Buffer.concat([Buffer.from([text.length]), text]);
    }
  }
}
