import { describe, expect, it } from 'vitest';
import { changeProviders } from '../../main/config/edit.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import type { CloudName } from '../../main/contract/clouds.ts';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import type { ProviderForm } from '../../main/contract/shapes.ts';
import { directoryAddress } from '../../main/entra/directory-settings.ts';

const id = 'f4b1ca00-0000-4000-8000-000000000001';
const applicationId = 'f4b1ca00-0000-4000-8000-00000000c11e';
const host = 'https://login.microsoftonline.com';
const plain = `${host}/${id}`;
const graph = 'https://graph.microsoft.com';
const text = `providers:
  - {name: fabrikam, type: azure-directory, authority: '${plain}', applicationId: ${applicationId}}
`;
const form: ProviderForm = { name: 'second', type: 'azure-directory', enabled: true, applicationId };

/** The file after the change, and what the next start reads in it, which the sign-in must be able to use. */
function saved(change: Partial<ProviderForm>, before = text) {
  const file = changeProviders(before, { kind: 'save', provider: { ...form, ...change } }, 'x');
  const provider = parseConfiguration(file, 'x').providers.find(
    ({ name }) => name === (change.name ?? 'second'),
  );
  if (provider?.type !== 'azure-directory') throw new Error('not there');
  const { name, cloud, authority, resource } = provider;
  const tenant = authority.split('/').at(-1) ?? '';
  expect(directoryAddress({ name, cloud, authority, tenant, applicationId, graph: resource }).tenant).toBe(
    tenant,
  );
  return { file, cloud, authority, resource };
}

function refused(change: Partial<ProviderForm>): string {
  try {
    changeProviders(text, { kind: 'save', provider: { ...form, ...change } }, 'x');
  } catch (error) {
    expect((error as LatchkeyError).code).toBe('config-invalid');
    return (error as LatchkeyError).message;
  }
  throw new Error(`taken: ${JSON.stringify(change)}`);
}

describe('what people copy as the authority', () => {
  it.each([
    `${plain}/`,
    ` ${plain}\n`,
    `${plain}/v2.0`,
    `${plain}/oauth2/v2.0/token`,
    `${plain}/oauth2/v2.0/authorize`,
    `${plain}/oauth2/v2.0/devicecode`,
    `${plain}/oauth2/token`,
    `${plain}/oauth2/authorize`,
    `${plain}/oauth2/devicecode`,
    `${plain}/v2.0/.well-known/openid-configuration`,
    `${plain}/.well-known/openid-configuration?appid=${applicationId}`,
    `${plain}/discovery/v2.0/keys`,
    `${plain}/federationmetadata/2007-06/federationmetadata.xml`,
    `${plain}/wsfed`,
    `${plain}/saml2`,
    `${plain}/oauth2/v2.0/logout`,
    `${plain}/adminconsent?client_id=${applicationId}#x`,
    `${plain}?p=1`,
    plain.toUpperCase().replace('HTTPS', 'https'),
    `login.microsoftonline.com/${id}`,
    `https://sts.windows.net/${id}/`,
    `https://login.windows.net/${id}/federationmetadata/2007-06/federationmetadata.xml`,
    `https://login.microsoft.com/${id}`,
    id,
    id.toUpperCase(),
  ])('%s is reduced to the authority, in the file as well', (authority) => {
    const { file, ...address } = saved({ authority });
    expect(address).toEqual({ cloud: 'global', authority: plain, resource: graph });
    expect(file).toContain(`authority: ${plain}\n`);
    expect(
      parseConfiguration(text.replace(`'${plain}'`, JSON.stringify(authority)), 'x').providers[0],
    ).toMatchObject(address);
  });

  it.each([
    ['https://login.microsoftonline.us', 'us-government', 'https://graph.microsoft.us'],
    ['https://login.usgovcloudapi.net', 'us-government', 'https://graph.microsoft.us'],
    ['https://login.partner.microsoftonline.cn', 'china', 'https://microsoftgraph.chinacloudapi.cn'],
    ['https://sts.chinacloudapi.cn', 'china', 'https://microsoftgraph.chinacloudapi.cn'],
  ] as const)('the cloud follows from the host: %s', (origin, cloud, resource) => {
    expect(saved({ authority: `${origin}/${id}/oauth2/v2.0/token` })).toMatchObject({ cloud, resource });
  });

  it('a cloud that is named stays, where the host may belong to it', () => {
    const cloud = 'us-government-dod';
    const authority = `https://login.microsoftonline.us/${id}`;
    for (const given of [authority, `https://sts.windows.net/${id}/`, id])
      expect(saved({ authority: given, cloud })).toMatchObject({
        cloud,
        authority,
        resource: 'https://dod-graph.microsoft.us',
      });
    expect(saved({ authority, resource: 'https://dod-graph.microsoft.us/v1.0' })).toMatchObject({ cloud });
    expect(refused({ authority, cloud: 'china' })).toMatch(/"us-government".*"cloud" says "china"/);
  });

  it.each([
    [`${host}/common`, /stands for every tenant/],
    [`${host}/organizations/oauth2/v2.0/token`, /stands for every tenant/],
    [`${host}/Consumers/v2.0`, /stands for every tenant/],
    [`${host}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`, /stands for every tenant/],
    [host, /names no tenant/],
    ['login.microsoftonline.com', /names no tenant/],
    [`${host}/<tenant id>`, /names no tenant/],
    [`${host}/{tenantid}/oauth2/token`, /names no tenant/],
    ['https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/B2C_1_x', /B2C/],
    [`${host}/tfp/fabrikam.onmicrosoft.com/B2C_1_x`, /B2C/],
    [`${host}/fabrikam.onmicrosoft.com/B2C_1_x/oauth2/v2.0/token`, /B2C/],
    ['https://fabrikam.ciamlogin.com', /External ID/],
    ['https://graph.microsoft.com', /belongs into "resource"/],
    ['https://graph.microsoft.com/oidc/userinfo', /belongs into "resource"/],
    ['https://portal.azure.com/#view/Microsoft_AAD_RegisteredApps', /no cloud of Microsoft/],
    [`https://login.microsoftonline.com.evil.example/${id}`, /no cloud of Microsoft/],
    [`https://login.microsoftonline.com:8443/${id}`, /no cloud of Microsoft/],
    [`https://user:pw@login.microsoftonline.com/${id}`, /must be an https address/],
    [`http://login.microsoftonline.com/${id}`, /must be an https address/],
    [`https://localhost:8443/${id}`, /cloud "local"/],
    ['not an address', /must be an https address/],
  ])('%s gets a sentence, and nothing is written', (authority, sentence) => {
    expect(refused({ authority })).toMatch(sentence);
  });

  it('does not repeat a query, which may hold a secret', () => {
    expect(refused({ authority: `${host}/common?client_secret=hunter2` })).not.toContain('hunter2');
  });
});

describe('what people copy as the resource', () => {
  it.each([
    '00000003-0000-0000-c000-000000000000',
    'Microsoft Graph',
    'https://graph.microsoft.com',
    'https://graph.microsoft.com/',
    'https://graph.microsoft.com/v1.0',
    'https://graph.microsoft.com/.default',
    'https://graph.microsoft.com/beta/me?$select=id',
    'graph.microsoft.com',
  ])('%s is Graph', (resource) => {
    expect(saved({ authority: plain, resource })).toMatchObject({ cloud: 'global', resource: graph });
    const authority = `https://login.partner.microsoftonline.cn/${id}`;
    if (!resource.includes('.com'))
      expect(saved({ authority, resource }).resource).toBe('https://microsoftgraph.chinacloudapi.cn');
  });

  it.each([
    ['https://graph.windows.net', /switched off/],
    ['https://graph.windows.net/fabrikam.com', /switched off/],
    ['00000002-0000-0000-c000-000000000000', /switched off/],
    ['https://graph.microsoft.us', /Graph of cloud "us-government"/],
    ['https://graph.microsoft.com.evil.example', /not Microsoft Graph/],
    ['http://graph.microsoft.com', /not the address of Microsoft Graph/],
    ['nonsense', /not Microsoft Graph/],
  ])('%s gets a sentence, and nothing is written', (resource, sentence) => {
    expect(refused({ authority: plain, resource })).toMatch(sentence);
  });
});

describe('a change of what is there', () => {
  const china = `https://login.partner.microsoftonline.cn/${id}/oauth2/v2.0/token`;
  const before = saved({ authority: plain, cloud: 'global', resource: 'Microsoft Graph' }).file;

  it('a new authority brings its own cloud and Graph', () => {
    const after = saved({ authority: china }, before);
    expect(after).toMatchObject({ cloud: 'china', resource: 'https://microsoftgraph.chinacloudapi.cn' });
    expect(saved({ authority: plain }, after.file)).toMatchObject({ cloud: 'global', resource: graph });
  });

  it('a new cloud with the authority of another is refused', () => {
    const change = { kind: 'save', provider: { ...form, cloud: 'china' as CloudName } } as const;
    expect(() => changeProviders(before, change, 'x')).toThrow(/"cloud" says "china"/);
  });

  it('a file that is broken is told as it is', () => {
    expect(() => changeProviders(`${text}  - [`, { kind: 'save', provider: form }, 'x')).toThrow(
      /line \d+: /,
    );
  });
});
