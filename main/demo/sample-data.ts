import { randomBytes } from 'node:crypto';
import type { DemoDatabase } from './database.ts';

/** The passwords of the demo's database roles, by the name that the configuration calls them. */
export interface RolePasswords {
  'sales-readonly': string;
  'sales-owner': string;
  'payroll-clerk': string;
}

/** Two small databases with roles of their own, so that it shows who may do what. */
export async function loadSampleData(database: DemoDatabase): Promise<RolePasswords> {
  const password = (): string => randomBytes(18).toString('base64url');
  const passwords = { 'sales-readonly': password(), 'sales-owner': password(), 'payroll-clerk': password() };
  await database.run(
    'postgres',
    `create role sales_readonly login password '${passwords['sales-readonly']}';
     create role sales_owner login password '${passwords['sales-owner']}';
     create role payroll_clerk login password '${passwords['payroll-clerk']}'`,
  );
  await database.run('postgres', 'create database sales owner sales_owner');
  await database.run('postgres', 'create database payroll');
  await database.run(
    'sales',
    `create table orders (id int primary key, placed date not null, region text not null, amount numeric(10, 2) not null);
     insert into orders
       select n, date '2026-01-01' + n % 300, (array['north', 'east', 'south', 'west'])[1 + n % 4], round((n * 7919 % 100000) / 100.0, 2)
       from generate_series(1, 5000) n;
     alter table orders owner to sales_owner;
     grant select on orders to sales_readonly`,
  );
  await database.run(
    'payroll',
    `create table salaries (person text primary key, monthly numeric(10, 2) not null);
     insert into salaries values ('A. Example', 4200), ('B. Example', 3900);
     grant select on salaries to payroll_clerk`,
  );
  return passwords;
}
