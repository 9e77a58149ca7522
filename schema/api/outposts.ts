import { z } from 'zod'
import { readSshPublicKey } from '#schema/deployment/ssh-host-key.ts'
import { choice, computed, flag, integer, json, reference, references, text, url, uuid } from './field.ts'
import { presentedFields } from './presented.ts'
import { resource } from './resource.ts'

export const OUTPOST_TYPES = ['proxy', 'ldap', 'radius'] as const

export const outpostResource = resource({
  path: 'outposts/instances/',
  name: 'Outpost',
  model: 'authentik_outposts.outpost',
  key: { parameter: 'uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    name: text({ required: true, unique: true }),
    type: choice(OUTPOST_TYPES, { required: true }),
    providers: references('authentik_core.provider', { key: 'integer', required: true, empty: false }),
    providers_obj: computed(z.array(z.looseObject({}))),
    service_connection: reference('authentik_outposts.outpostserviceconnection', { nullable: true }),
    service_connection_obj: computed(z.looseObject({}), { nullable: true }),
    refresh_interval_s: integer({ readOnly: true }),
    token_identifier: text({ readOnly: true }),
    /** Is another whenever its key is: who has it deployed reads the new one. */
    token_revision: text({ readOnly: true }),
    config: json({ required: true }),
    managed: text({ readOnly: true, nullable: true }),
  },
  filters: [
    'managed__icontains',
    'managed__iexact',
    'name__icontains',
    'name__iexact',
    'service_connection__name__icontains',
    'service_connection__name__iexact',
  ],
  specialFilters: { providers__isnull: 'boolean', providers_by_pk: 'integers' },
  search: ['name'],
})

const connectionFields = {
  pk: uuid({ readOnly: true }),
  name: text({ required: true, unique: true }),
  local: flag(),
  ...presentedFields,
}
const connectionKey = { parameter: 'uuid', field: 'pk' }

export const serviceConnectionResource = resource({
  path: 'outposts/service_connections/all/',
  name: 'ServiceConnection',
  model: 'authentik_outposts.outpostserviceconnection',
  key: connectionKey,
  fields: connectionFields,
  filters: ['name'],
  search: ['name'],
  operations: ['list', 'retrieve', 'destroy', 'used_by'],
})

const CERTIFICATE = 'authentik_crypto.certificatekeypair'
const HOST_KEY = 'Enter one line of an OpenSSH public key, such as "ssh-ed25519 AAAA…".'
/** Is another whenever credentials were written: what was opened with the ones before is opened again. */
const credentials_revision = text({ readOnly: true })

export const dockerConnectionResource = resource({
  path: 'outposts/service_connections/docker/',
  name: 'DockerServiceConnection',
  model: 'authentik_outposts.dockerserviceconnection',
  key: connectionKey,
  fields: {
    ...connectionFields,
    url: url(['unix', 'http', 'https', 'tcp', 'ssh'], { required: true }),
    tls_verification: reference(CERTIFICATE, { nullable: true }),
    tls_authentication: reference(CERTIFICATE, { nullable: true }),
    ssh_host_key: text({ max: 16_384, check: (line) => (readSshPublicKey(line) === undefined ? HOST_KEY : undefined) }),
    credentials_revision,
  },
  filters: ['local', 'name', 'tls_authentication', 'tls_verification', 'url'],
  search: ['name'],
  presentation: {
    component: 'ak-service-connection-docker-form',
    verboseName: 'Docker Service-Connection',
    verboseNamePlural: 'Docker Service-Connections',
    description: 'Service Connection to a Docker endpoint',
  },
})

export const kubernetesConnectionResource = resource({
  path: 'outposts/service_connections/kubernetes/',
  name: 'KubernetesServiceConnection',
  model: 'authentik_outposts.kubernetesserviceconnection',
  key: connectionKey,
  fields: { ...connectionFields, kubeconfig: json({ secret: true }), verify_ssl: flag(), credentials_revision },
  filters: ['local', 'name'],
  search: ['name'],
  presentation: {
    component: 'ak-service-connection-kubernetes-form',
    verboseName: 'Kubernetes Service-Connection',
    verboseNamePlural: 'Kubernetes Service-Connections',
    description: 'Service Connection to a Kubernetes cluster',
  },
})

/** Outposts as child processes on the controller's own machine. */
export const localConnectionResource = resource({
  path: 'outposts/service_connections/local/',
  name: 'LocalServiceConnection',
  model: 'authentik_outposts.localserviceconnection',
  key: connectionKey,
  fields: connectionFields,
  filters: ['local', 'name'],
  search: ['name'],
  presentation: {
    component: 'ak-service-connection-local-form',
    verboseName: 'Local Service-Connection',
    verboseNamePlural: 'Local Service-Connections',
    description: 'Service Connection to processes on the machine of the controller',
  },
})
