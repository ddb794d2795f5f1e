import type { Grant } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { SelectField } from '../ui/field.tsx';
import { plainText } from '../ui/name.tsx';

/** No name of a role: names are never empty. */
export const defaultRole = '';

/** Which role is meant; nothing where there is no choice. */
export function RoleChoice(props: { roles: readonly Grant[]; value: string; onChange(role: string): void }) {
  const { roles, value, onChange } = props;
  if (roles.length < 2) return null;
  return (
    <SelectField
      label={common.role}
      hint={t.theDefaultOneIsFoundAnew}
      value={value}
      options={[
        { value: defaultRole, label: t.defaultRole },
        ...roles.map((grant) => ({ value: grant.role, label: plainText(grant.role) })),
      ]}
      onChange={onChange}
    />
  );
}
