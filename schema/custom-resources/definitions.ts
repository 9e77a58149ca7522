import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { fieldSchema } from '#schema/openapi/field-schema.ts'
import { API_VERSION, CUSTOM_KINDS, type CustomKind, type Form, GROUP, PROVIDER_KINDS, propertiesOf } from './kinds.ts'

const VERSION = API_VERSION.slice(GROUP.length + 1)
const TEXT = { type: 'string' }
const NAME = { type: 'string', minLength: 1, maxLength: 253 }
const objectOf = (properties: JsonObject, required: readonly string[]): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
})

const PROVIDER = objectOf({ kind: { type: 'string', enum: PROVIDER_KINDS }, name: NAME }, ['kind', 'name'])
const SECRET_KEY = objectOf({ name: NAME, key: NAME }, ['name', 'key'])
const many = (items: JsonObject, { minItems }: { minItems?: unknown } = {}): JsonObject => ({
  type: 'array',
  items,
  maxItems: 1000,
  ...(minItems === undefined ? {} : { minItems }),
})

/** Nobody becomes able to use an application by leaving something out. */
const ACCESS: JsonObject = {
  description: 'Who may use the application: members of any of these groups, or everyone who has signed in.',
  ...objectOf({ groups: many(NAME, { minItems: 1 }), everyone: { type: 'boolean', enum: [true] } }, []),
  oneOf: [{ required: ['groups'] }, { required: ['everyone'] }],
}

const CONDITION = objectOf(
  {
    type: TEXT,
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: TEXT,
    message: TEXT,
    lastTransitionTime: { type: 'string', format: 'date-time' },
    observedGeneration: { type: 'integer', format: 'int64' },
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
)
const STATUS = objectOf(
  {
    conditions: {
      type: 'array',
      items: CONDITION,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
    observedGeneration: { type: 'integer', format: 'int64' },
    object: { description: 'The key of the object in the core.', ...TEXT },
    instances: { description: 'Of an outpost: how many are linked to the core.', type: 'integer' },
    version: { description: 'Of an outpost: what runs.', ...TEXT },
  },
  [],
)

/** The CustomResourceDefinition of a kind, with a structural schema made from the declaration of the API's resource. */
export function customResourceDefinition(custom: CustomKind): JsonObject {
  const { kind, plural, columns } = custom
  const spec = objectOf(
    {
      ...Object.fromEntries(propertiesOf(custom).map((each) => [each.name, schemaOf(each)])),
      ...(custom.hasAccess ? { access: ACCESS } : {}),
    },
    [
      ...propertiesOf(custom)
        .filter(({ required }) => required)
        .map(({ name }) => name),
      ...(custom.hasAccess ? ['access'] : []),
    ],
  )
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, categories: ['martello'] },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columnsOf(columns),
          schema: { openAPIV3Schema: objectOf({ spec, status: STATUS }, ['spec']) },
        },
      ],
    },
  }
}

/** All of them. */
export const customResourceDefinitions = (): readonly JsonObject[] => CUSTOM_KINDS.map(customResourceDefinition)

function columnsOf(own: CustomKind['columns']): readonly JsonObject[] {
  const condition = (type: string, of: string) => `.status.conditions[?(@.type=="${type}")].${of}`
  const texts = {
    ...own,
    Ready: condition('Ready', 'status'),
    Synced: condition('Synced', 'status'),
    Reason: condition('Ready', 'reason'),
  }
  return [
    ...Object.entries(texts).map(([name, jsonPath]) => ({
      name,
      jsonPath,
      type: name === 'Instances' ? 'integer' : 'string',
    })),
    { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' },
  ]
}

function schemaOf({ declared, form }: { declared: Parameters<typeof fieldSchema>[0]; form: Form }): JsonObject {
  const schema = fieldSchema(declared)
  switch (form.is) {
    case 'secret':
      return SECRET_KEY
    case 'provider':
      return form.many ? many(PROVIDER, schema) : PROVIDER
    case 'named': {
      const named = { description: `The ${form.objects.by} of a ${form.objects.noun} in the core.`, ...NAME }
      return form.many ? many(named, schema) : named
    }
    case 'value':
      // Structural schemas have no place for "any value"; this keeps what it does not know.
      return schema['type'] === 'object' ? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } : schema
  }
}

/** What a controller has to be allowed to bring custom resources into the core, in RBAC's rules. */
export const CUSTOM_RESOURCE_RULES: readonly JsonObject[] = [
  {
    apiGroups: [GROUP],
    resources: CUSTOM_KINDS.map(({ plural }) => plural),
    verbs: ['list', 'watch', 'patch'],
  },
  { apiGroups: [GROUP], resources: CUSTOM_KINDS.map(({ plural }) => `${plural}/status`), verbs: ['patch'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
]
