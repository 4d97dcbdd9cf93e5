// The import rules of the house, executable: prose drifts.

/** A rule: nothing in `from` may import `to`. */
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    never('no-circles', 'Files that import each other in a ring have one idea between them.', {}, { circular: true }),
    never('no-unresolvable', 'Every import must be found.', {}, { couldNotResolve: true }),
    never(
      'protocol-stands-alone',
      'The shared words import only their schema library.',
      { path: '^protocol/src', pathNot: '(\\.test\\.ts$|/testing/)' },
      { pathNot: '^(protocol/src|node_modules/typebox/)' },
    ),
    never(
      'firmware-knows-protocol-only',
      'The agent never imports the cloud, the web or the simulator.',
      { path: '^firmware-host/src' },
      { path: '^(cloud|web|simulator|e2e)/' },
    ),
    never(
      'cloud-knows-protocol-only',
      'The cloud never imports the agent, the web or the simulator.',
      { path: '^cloud/src' },
      { path: '^(firmware-host|web|simulator|e2e)/' },
    ),
    never(
      'web-knows-protocol-only',
      'The web speaks to the cloud by HTTP alone.',
      { path: '^web/src' },
      { path: '^(firmware-host|cloud|simulator|e2e)/' },
    ),
    never(
      'simulator-runs-agents-only',
      'The simulator starts real agents; the platform is another program to it.',
      { path: '^simulator/src' },
      { path: '^(cloud|web|e2e)/' },
    ),
    never(
      'public-entries-only',
      'Another workspace is entered by its public door.',
      { path: '^(firmware-host|cloud|web|simulator|e2e|scripts)/' },
      {
        path: '^(protocol|firmware-host|cloud|simulator)/src/',
        pathNot: ['^(protocol|firmware-host|cloud|simulator)/src/(testing/)?index\\.ts$', '^$1/'],
      },
    ),
    never(
      'domain-is-pure',
      'Decisions need no technology: protocol and the domain only.',
      { path: '^cloud/src/domain', pathNot: '\\.test\\.ts$' },
      { pathNot: '^(cloud/src/domain|protocol/src/index\\.ts)' },
    ),
    never(
      'ports-know-the-domain-only',
      'A port says what is needed, not how.',
      { path: '^cloud/src/ports\\.ts$' },
      { pathNot: '^(cloud/src/domain|protocol/src/index\\.ts)' },
    ),
    never(
      'use-cases-see-no-adapters',
      'Ingest, judging, alarms, people and the others take ports; only main sees adapters.',
      {
        path: '^cloud/src/(ingest|judging|fleet|alarms|people|shift|duty|watch)/',
        pathNot: '(\\.test\\.ts$|/testing/)',
      },
      { path: '^cloud/src/(store/|broker/|api/|main\\.ts|pipeline\\.ts|index\\.ts|platform\\.ts)' },
    ),
    never(
      'adapters-see-ports-only',
      'Stores know no use case.',
      { path: '^cloud/src/store/', pathNot: '\\.test\\.ts$' },
      {
        path: `^cloud/src/(broker|ingest|judging|fleet|alarms|people|shift|duty|watch|api|main\\.ts|pipeline\\.ts|index\\.ts|platform\\.ts)`,
      },
    ),
    never(
      'api-sees-no-adapters',
      'HTTP speaks to use cases and ports.',
      { path: '^cloud/src/api/', pathNot: '\\.test\\.ts$' },
      { path: '^cloud/src/(store|broker)/' },
    ),
    never(
      'leaflet-behind-the-map',
      'Leaflet is replaceable: only the map room imports it.',
      { path: '^web/src', pathNot: '^web/src/map/' },
      { path: 'node_modules/(leaflet|pmtiles)/' },
    ),
    never(
      'node-sqlite-in-its-store',
      'One room knows the database.',
      { path: '^cloud/src', pathNot: '^cloud/src/store/sqlite/' },
      { path: '^(node:)?sqlite$' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^web/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'svelte', 'default'],
      extensions: ['.ts', '.svelte', '.mjs', '.js', '.json'],
    },
  },
};
