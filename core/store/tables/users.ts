import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  uuid: uuid('uuid')
    .notNull()
    .unique()
    .$defaultFn(() => randomUUID()),
  username: text('username').notNull().unique(),
  name: text('name').notNull().default(''),
  email: text('email').notNull().default(''),
  isActive: boolean('is_active').notNull().default(true),
  path: text('path').notNull().default('users'),
  type: text('type').notNull().default('internal'),
  attributes: jsonb('attributes').$type<JsonObject>().notNull().default({}),
  /** Encoded hash (`$argon2id$…`, or an imported `pbkdf2_sha256$…`); null is an unusable password. */
  password: text('password'),
  passwordChangeDate: timestamp('password_change_date', { withTimezone: true }).notNull().defaultNow(),
  lastLogin: timestamp('last_login', { withTimezone: true }),
  dateJoined: timestamp('date_joined', { withTimezone: true }).notNull().defaultNow(),
})

export const groups = pgTable(
  'groups',
  {
    groupUuid: uuid('group_uuid')
      .primaryKey()
      .$defaultFn(() => randomUUID()),
    name: text('name').notNull(),
    isSuperuser: boolean('is_superuser').notNull().default(false),
    parent: uuid('parent').references((): AnyPgColumn => groups.groupUuid, { onDelete: 'set null' }),
    attributes: jsonb('attributes').$type<JsonObject>().notNull().default({}),
  },
  // Null parents are equal: NULLS NOT DISTINCT needs PostgreSQL 15.
  (table) => [
    uniqueIndex('groups_name_parent').on(table.name, table.parent).where(sql`${table.parent} is not null`),
    uniqueIndex('groups_name_root').on(table.name).where(sql`${table.parent} is null`),
  ],
)

export const userGroups = pgTable(
  'user_groups',
  {
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    groupUuid: uuid('group_uuid')
      .notNull()
      .references(() => groups.groupUuid, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.userId, table.groupUuid] }), index('user_groups_group').on(table.groupUuid)],
)

/**
 * Permissions of a user beside superuser status: `<app>.<codename>` such as `authentik_outposts.view_outpost`.
 * `objectPk` null is a global grant, else the pk of one object as text.
 */
export const userPermissions = pgTable(
  'user_permissions',
  {
    id: serial('id').primaryKey(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    permission: text('permission').notNull(),
    objectPk: text('object_pk'),
  },
  (table) => [
    uniqueIndex('user_permissions_object')
      .on(table.userId, table.permission, table.objectPk)
      .where(sql`${table.objectPk} is not null`),
    uniqueIndex('user_permissions_global').on(table.userId, table.permission).where(sql`${table.objectPk} is null`),
  ],
)

export const tokens = pgTable('tokens', {
  tokenUuid: uuid('token_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  identifier: text('identifier').notNull().unique(),
  /** SHA-256 of the key, hex: how a presented key is found. */
  keyHash: text('key_hash').notNull().unique(),
  /** The key sealed for `view_key` (see `core/crypto`). */
  keySealed: text('key_sealed').notNull(),
  intent: text('intent').notNull().default('verification'),
  userId: integer('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  description: text('description').notNull().default(''),
  expires: timestamp('expires', { withTimezone: true }),
  expiring: boolean('expiring').notNull().default(true),
  managed: text('managed').unique(),
})

/** Browser and flow sessions, anonymous ones included. */
export const sessions = pgTable(
  'sessions',
  {
    uuid: uuid('uuid')
      .primaryKey()
      .$defaultFn(() => randomUUID()),
    /** SHA-256 of the session key, hex; the key itself is only in the cookie. */
    keyHash: text('key_hash').notNull().unique(),
    userId: integer('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** Flow plans by flow slug, pending redirects, CSRF secret. */
    data: jsonb('data').$type<JsonObject>().notNull().default({}),
    lastIp: text('last_ip').notNull().default(''),
    lastUserAgent: text('last_user_agent').notNull().default(''),
    lastUsed: timestamp('last_used', { withTimezone: true }).notNull().defaultNow(),
    created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
    authenticatedAt: timestamp('authenticated_at', { withTimezone: true }),
    expires: timestamp('expires', { withTimezone: true }).notNull(),
  },
  (table) => [index('sessions_user').on(table.userId), index('sessions_expires').on(table.expires)],
)
