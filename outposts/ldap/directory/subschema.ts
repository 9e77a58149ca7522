import { MARTELLO_VERSION } from '#schema/version.ts'
import { Oid } from '../codec/oids.ts'
import { type Entry, FixedEntry } from './entry.ts'

const SYNTAX = '1.3.6.1.4.1.1466.115.121.1.'
const TEXT = `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SYNTAX}15`
const NAME = `EQUALITY distinguishedNameMatch SYNTAX ${SYNTAX}12`
const NUMBER = `EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SYNTAX}27`
const BOOLEAN = `EQUALITY booleanMatch SYNTAX ${SYNTAX}7`

/** OID, names, and the rest of the description (RFC 4512 §4.1.2). */
const ATTRIBUTE_TYPES: ReadonlyArray<readonly [oid: string, names: readonly string[], rest: string]> = [
  ['2.5.4.0', ['objectClass'], `EQUALITY objectIdentifierMatch SYNTAX ${SYNTAX}38`],
  ['1.3.6.1.4.1.1466.101.120.5', ['namingContexts'], `SYNTAX ${SYNTAX}12 USAGE dSAOperation`],
  ['2.5.18.10', ['subschemaSubentry'], `${NAME} SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation`],
  ['1.3.6.1.4.1.1466.101.120.15', ['supportedLDAPVersion'], `SYNTAX ${SYNTAX}27 USAGE dSAOperation`],
  ['1.3.6.1.1.20', ['entryDN'], `${NAME} SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation`],
  ['1.3.6.1.1.4', ['vendorName'], `SYNTAX ${SYNTAX}15 SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation`],
  ['1.3.6.1.1.5', ['vendorVersion'], `SYNTAX ${SYNTAX}15 SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation`],
  ['0.9.2342.19200300.100.1.1', ['uid'], TEXT],
  ['0.9.2342.19200300.100.1.3', ['mail'], TEXT],
  ['1.2.840.113556.1.2.102', ['memberOf'], `${NAME} NO-USER-MODIFICATION`],
  ['1.2.840.113556.1.2.13', ['displayName'], `${TEXT} SINGLE-VALUE`],
  ['1.2.840.113556.1.4.1', ['name'], `${TEXT} SINGLE-VALUE`],
  ['1.2.840.113556.1.4.221', ['sAMAccountName'], `${TEXT} SINGLE-VALUE`],
  ['1.2.840.113556.1.4.44', ['homeDirectory'], `${TEXT} SINGLE-VALUE`],
  ['1.3.6.1.1.1.1.0', ['uidNumber'], `${NUMBER} SINGLE-VALUE`],
  ['1.3.6.1.1.1.1.1', ['gidNumber'], `${NUMBER} SINGLE-VALUE`],
  ['2.5.4.49', ['distinguishedName'], NAME],
  ['2.5.4.3', ['cn', 'commonName'], TEXT],
  ['2.5.4.4', ['sn'], TEXT],
  ['2.5.4.10', ['o'], TEXT],
  ['2.5.4.11', ['ou'], TEXT],
  ['2.5.4.12', ['title'], TEXT],
  ['2.5.4.13', ['description'], TEXT],
  ['2.5.4.20', ['telephoneNumber'], TEXT],
  ['2.5.4.31', ['member'], NAME],
  ['2.5.4.42', ['givenName'], TEXT],
  ['0.9.2342.19200300.100.1.25', ['dc'], `${TEXT} SINGLE-VALUE`],
  ['1.3.6.1.4.1.26027.1.1.2', ['ak-superuser'], `${BOOLEAN} SINGLE-VALUE`],
  ['1.3.6.1.4.1.26027.1.1.3', ['ak-active'], `${BOOLEAN} SINGLE-VALUE`],
]

const OBJECT_CLASSES = [
  "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
  "( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY description )",
  "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( telephoneNumber $ description ) )",
  "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ ou ) )",
  "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST cn MAY ( member $ o $ ou $ description ) )",
  "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( mail $ uid $ displayName $ givenName ) )",
  "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ uidNumber $ gidNumber $ homeDirectory ) MAY description )",
  "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST ( cn $ gidNumber ) MAY description )",
  "( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL MAY ( name $ displayName $ sAMAccountName $ memberOf $ ak-active $ ak-superuser ) )",
  "( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( member $ sAMAccountName $ ak-superuser ) )",
]

/** Lower-case names of the attribute types of the schema. */
export const SCHEMA_ATTRIBUTES: readonly string[] = ATTRIBUTE_TYPES.flatMap(([, names]) =>
  names.map((name) => name.toLowerCase()),
)

function special(dn: string, lines: ReadonlyArray<readonly [name: string, values: readonly string[]]>): Entry {
  return new FixedEntry(
    dn,
    lines.map(([name, values]) => ({ name, values })),
  )
}

/** The subschema subentry (RFC 4512 §4.2). */
export const SUBSCHEMA: Entry = special('cn=subschema', [
  ['cn', ['subschema']],
  ['objectClass', ['top', 'subschema', 'subentry', 'extensibleObject']],
  ['attributeTypes', ATTRIBUTE_TYPES.map(([oid, names, rest]) => `( ${oid} NAME ${quoted(names)} ${rest} )`)],
  ['objectClasses', OBJECT_CLASSES],
])

function quoted(names: readonly string[]): string {
  return names.length === 1 ? `'${names[0]}'` : `( ${names.map((name) => `'${name}'`).join(' ')} )`
}

/** The root DSE (RFC 4512 §5.1): what this server is, and where its directories begin. */
export function rootDse(namingContexts: readonly string[]): Entry {
  return special('', [
    ['objectClass', ['top']],
    ['namingContexts', namingContexts],
    ...(namingContexts.length === 1 ? [['defaultNamingContext', namingContexts] as const] : []),
    ['subschemaSubentry', ['cn=subschema']],
    ['supportedLDAPVersion', ['3']],
    ['supportedExtension', [Oid.startTls, Oid.whoAmI]],
    ['supportedFeatures', [Oid.allOperationalAttributes]],
    ['vendorName', ['Martello']],
    ['vendorVersion', [MARTELLO_VERSION]],
  ])
}
