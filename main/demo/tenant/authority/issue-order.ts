import { randomBytes } from 'node:crypto';

/**
 * The order in which tokens were issued. Times in a token are whole seconds, too coarse to say whether it is older than
 * a revocation, so the order is hidden in the claim `uti`, which is opaque to everybody else.
 */
export interface IssueOrder {
  /** The next token's `uti`. */
  next(): string;
  /** The position of the newest token. */
  current(): number;
  /** The position of a token by its `uti`. */
  of(uti: string): number;
}

export function createIssueOrder(): IssueOrder {
  let position = 0;
  return {
    next: () => {
      position += 1;
      const bytes = randomBytes(16);
      bytes.writeUIntBE(position, 0, 6);
      return bytes.toString('base64url');
    },
    current: () => position,
    of: (uti) => {
      const bytes = Buffer.from(uti, 'base64url');
      return bytes.length === 16 ? bytes.readUIntBE(0, 6) : 0;
    },
  };
}
