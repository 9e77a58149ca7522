import { z } from 'zod'
import { connectionClaim } from '#schema/deployment/claim.ts'
import { connectionState, deploymentRecord } from '#schema/deployment/status.ts'
import { type Field, flag, shaped, text } from './field.ts'
import { type Fields, resource } from './resource.ts'

/** The fields of a shape: required unless it has a value for what is absent. */
function fieldsOf({ shape }: z.ZodObject, readOnly: readonly string[] = []): Fields {
  const fieldOf = ([name, type]: [string, z.core.$ZodType]): [string, Field] => {
    const options = { required: !z.safeParse(type, undefined).success, readOnly: readOnly.includes(name) }
    return [name, shaped('text', type as z.ZodType, options)]
  }
  return Object.fromEntries(Object.entries(shape).map(fieldOf))
}

/** What a controller keeps about one outpost; the path names the outpost, which may be gone. */
export const deploymentResource = resource({
  path: 'outposts/deployments/',
  name: 'OutpostDeployment',
  model: 'authentik_outposts.outpostdeployment',
  key: { parameter: 'outpost', field: 'outpost' },
  fields: {
    ...fieldsOf(deploymentRecord, ['outpost']),
    /** The name of the controller that serves the connection now; null while none does, and nothing is done. */
    controller: text({ readOnly: true, nullable: true }),
    /** False when the outpost was deleted: then what was made of it has to go. */
    outpost_exists: flag({ readOnly: true }),
  },
  filters: ['connection', 'outpost_name'],
  search: ['outpost_name'],
  order: ['outpost_name'],
  operations: ['list', 'retrieve', 'destroy'],
})

/** What a controller asks for. */
export const connectionClaimFields = fieldsOf(connectionClaim)

/** What a controller says of a service connection. */
export const connectionStateFields = fieldsOf(connectionState)
