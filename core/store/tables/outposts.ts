import { randomUUID } from 'node:crypto'
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { providers } from './applications.ts'
import { certificateKeyPairs } from './certificates.ts'

/** Base of every service connection; `kind` is `docker`, `kubernetes` or `local`. */
export const serviceConnections = pgTable('service_connections', {
  uuid: uuid('uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  kind: text('kind').notNull(),
  name: text('name').notNull().unique(),
  local: boolean('local').notNull().default(false),
})

export const dockerServiceConnections = pgTable('service_connections_docker', {
  uuid: uuid('uuid')
    .primaryKey()
    .references(() => serviceConnections.uuid, { onDelete: 'cascade' }),
  url: text('url').notNull(),
  tlsVerification: uuid('tls_verification').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  tlsAuthentication: uuid('tls_authentication').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  /** The line of the OpenSSH public key that a daemon behind `ssh://` proves itself with. */
  sshHostKey: text('ssh_host_key').notNull().default(''),
})

export const kubernetesServiceConnections = pgTable('service_connections_kubernetes', {
  uuid: uuid('uuid')
    .primaryKey()
    .references(() => serviceConnections.uuid, { onDelete: 'cascade' }),
  /** The kubeconfig as JSON text, sealed. */
  kubeconfig: text('kubeconfig').notNull(),
  verifySsl: boolean('verify_ssl').notNull().default(true),
})

export const outposts = pgTable('outposts', {
  uuid: uuid('uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  name: text('name').notNull().unique(),
  type: text('type').notNull().default('proxy'),
  serviceConnection: uuid('service_connection').references(() => serviceConnections.uuid, { onDelete: 'set null' }),
  /** Exactly what was saved; defaults are filled in where it is read. */
  config: jsonb('config').$type<JsonObject>().notNull().default({}),
  managed: text('managed').unique(),
})

export const outpostProviders = pgTable(
  'outpost_providers',
  {
    outpostUuid: uuid('outpost_uuid')
      .notNull()
      .references(() => outposts.uuid, { onDelete: 'cascade' }),
    providerId: integer('provider_id')
      .notNull()
      .references(() => providers.id, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.outpostUuid, table.providerId] })],
)

/** Presence: one row for each outpost process that has said HELLO. */
export const outpostInstances = pgTable(
  'outpost_instances',
  {
    outpostUuid: uuid('outpost_uuid')
      .notNull()
      .references(() => outposts.uuid, { onDelete: 'cascade' }),
    uid: text('uid').notNull(),
    /** The core replica that holds the connection; null once it is gone. */
    replica: text('replica'),
    lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
    version: text('version').notNull().default(''),
    buildHash: text('build_hash').notNull().default(''),
    hostname: text('hostname').notNull().default(''),
    capabilities: text('capabilities').array().notNull().default([]),
    appliedRevision: bigint('applied_revision', { mode: 'number' }).notNull().default(0),
    appliedSequence: bigint('applied_sequence', { mode: 'number' }).notNull().default(0),
    args: jsonb('args').$type<JsonObject>().notNull().default({}),
  },
  (table) => [primaryKey({ columns: [table.outpostUuid, table.uid] })],
)

/** The change feed: one row for each committed write that an outpost may depend on. */
export const changes = pgTable('changes', {
  revision: bigserial('revision', { mode: 'number' }).primaryKey(),
  /** `<app>.<model>` such as `authentik_core.user`. */
  model: text('model').notNull(),
  pk: text('pk').notNull(),
  action: text('action').notNull(),
  created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
})

/** Sessions and users whose standing access ended; replayed to outposts by sequence until `expires`. */
export const revocations = pgTable(
  'revocations',
  {
    sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
    /** `user` (everything issued to this user before `created`) or `session`. */
    kind: text('kind').notNull(),
    userId: integer('user_id').notNull(),
    userUid: text('user_uid').notNull(),
    username: text('username').notNull(),
    /** SHA-256 hex of the core session key, for kind `session`. */
    sessionHash: text('session_hash'),
    /** The same of the sessions that ended with all else, for kind `user`. */
    endedSessions: text('ended_sessions').array().notNull().default([]),
    reason: text('reason').notNull(),
    created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
    expires: timestamp('expires', { withTimezone: true }).notNull(),
  },
  (table) => [index('revocations_expires').on(table.expires)],
)
