import { LatchkeyError, assertNever } from '../contract/errors.ts';
import type { GatewayLimits } from './limits.ts';
import { createMysqlProtocol } from './mysql/protocol.ts';
import type { Gatekeeper, ListenerSettings, ScramParameters } from './ports.ts';
import { createPostgresProtocol } from './postgres/protocol.ts';
import type { Protocol } from './protocol.ts';
import { createSqlServerProtocol } from './sqlserver/protocol.ts';

export interface ProtocolParts {
  gatekeeper: Pick<Gatekeeper, 'loginAgain'>;
  scram: ScramParameters;
  limits: GatewayLimits;
  onFault(error: unknown): void;
}

/** @throws LatchkeyError `upstream-tls-failed` where the settings' certificates are unusable */
export function createProtocol(settings: ListenerSettings, parts: ProtocolParts): Protocol {
  try {
    switch (settings.protocol) {
      case 'postgresql':
        return createPostgresProtocol({ settings, ...parts });
      case 'mysql':
        return createMysqlProtocol({ settings, ...parts });
      case 'sqlserver':
        return createSqlServerProtocol({ settings });
      default:
        return assertNever(settings.protocol);
    }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError(
      'upstream-tls-failed',
      `The certificate authority configured for connection "${settings.connection}" is no certificate.`,
      { cause, remedy: 'Let upstream.tls.caFile name a file with certificates in PEM form.' },
    );
  }
}
