import type { Fault } from './fault.ts';
import type { Configuration } from './schema.ts';

type Path = Fault['path'];
type WithFiles = { caFile?: string | undefined; clientCertificate?: string | undefined };

/**
 * With full paths in place of the names of files that a configuration may have.
 * @param fullPath the full path of the file that stands at `path`
 */
export function withAbsoluteFiles(
  config: Configuration,
  fullPath: (path: Path, file: string) => string,
): Configuration {
  const absolute = <T extends WithFiles>(part: T, ...path: Path): T => {
    const { caFile, clientCertificate } = part;
    return {
      ...part,
      ...(caFile === undefined ? {} : { caFile: fullPath([...path, 'caFile'], caFile) }),
      ...(clientCertificate === undefined
        ? {}
        : { clientCertificate: fullPath([...path, 'clientCertificate'], clientCertificate) }),
    };
  };
  return {
    ...config,
    providers: config.providers.map((provider, index) =>
      provider.type === 'local' ? provider : absolute(provider, 'providers', index),
    ),
    ...(config.mail === undefined ? {} : { mail: absolute(config.mail, 'mail') }),
    audit: {
      ...config.audit,
      sinks: config.audit.sinks.map((sink, index) => absolute(sink, 'audit', 'sinks', index)),
    },
    connections: config.connections.map((connection, index) => ({
      ...connection,
      upstream: {
        ...connection.upstream,
        tls: absolute(connection.upstream.tls, 'connections', index, 'upstream', 'tls'),
      },
      rules: connection.rules.map((rule, place) =>
        rule.password === undefined || !('vault' in rule.password)
          ? rule
          : {
              ...rule,
              password: {
                vault: absolute(
                  rule.password.vault,
                  'connections',
                  index,
                  'rules',
                  place,
                  'password',
                  'vault',
                ),
              },
            },
      ),
    })),
  };
}
