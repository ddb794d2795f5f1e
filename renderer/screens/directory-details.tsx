import { guid } from '../../main/contract/guid.ts';
import { common } from '../texts/en/common.ts';
import { Details } from '../ui/details.tsx';
import { Name } from '../ui/name.tsx';

/** The tenant where it has a name that people know. */
export function TenantFact({ tenant }: { tenant: string }) {
  if (guid.test(tenant)) return null;
  return (
    <>
      <dt>{common.tenant}</dt>
      <dd>
        <Name>{tenant}</Name>
      </dd>
    </>
  );
}

/** The ids of a directory, for whoever compares them with those of the portal. */
export function DirectoryDetails({ tenant, applicationId }: { tenant: string; applicationId: string }) {
  return (
    <Details
      facts={[
        ...(guid.test(tenant) ? [[common.tenant, tenant] as [string, string]] : []),
        [common.application, applicationId],
      ]}
    />
  );
}
