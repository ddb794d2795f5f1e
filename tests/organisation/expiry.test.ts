import { expect, it } from 'vitest';
import { InForce } from '../../main/broker/in-force.ts';
import { checkOrganisation } from '../../main/config/load.ts';
import { verifyBundle } from '../../main/organisation/bundle.ts';
import { bundleLayer } from '../../main/organisation/source.ts';
import { signer } from './bundles.ts';

it('the settings that count know when they may not any more, which the gate of the logins asks', async () => {
  const ours = signer();
  const address = { url: 'https://settings.fabrikam.example/latchkey.jws', fingerprint: ours.fingerprint };
  const places = { path: '/nonexistent', run: '/nonexistent/run' } as never;
  const inForceWith = (over: object): Promise<InForce> => {
    const bundle = verifyBundle(ours.bundle({ configuration: 'reload: automatic', ...over }), {
      key: ours.fingerprint,
    });
    return InForce.open(checkOrganisation(bundleLayer(bundle, address)), places, {} as never);
  };
  const end = Date.parse('2026-12-02T00:00:00Z');
  const limited = await inForceWith({ notAfter: '2026-12-02T00:00:00Z' });
  expect(() => limited.checkExpiry(end - 1)).not.toThrow();
  expect(() => limited.checkExpiry(end)).toThrow(expect.objectContaining({ code: 'bundle-expired' }));
  const forever = await inForceWith({});
  expect(() => forever.checkExpiry(Number.MAX_SAFE_INTEGER)).not.toThrow();
});
