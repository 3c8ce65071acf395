import jupyter from '@jupyter/eslint-plugin';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** No file imports what imports it, and views know nothing of what shows them. */
const imports = {
  plugins: { 'import-x': importX },
  settings: {
    'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    'import-x/resolver-next': [createTypeScriptImportResolver()]
  },
  rules: {
    'import-x/no-cycle': 'error',
    'import-x/no-unresolved': ['error', { ignore: ['^@', '^node:'] }],
    'import-x/no-restricted-paths': [
      'error',
      {
        basePath: import.meta.dirname,
        zones: [
          { target: 'src/model.ts', from: 'src' },
          { target: 'src/api.ts', from: 'src', except: ['model.ts'] },
          {
            target: 'src/ui',
            from: 'src',
            except: ['ui', 'api.ts', 'language.ts', 'model.ts']
          },
          {
            target: ['src/documents.ts', 'src/connection.ts'],
            from: ['src/stop', 'src/schedule', 'src/ui']
          }
        ]
      }
    ]
  }
};

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/'] },
  { plugins: { jupyter } },
  ...jupyter.configs.recommended,
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [
      imports,
      ...tseslint.configs.strictTypeChecked,
      ...tseslint.configs.stylisticTypeChecked
    ],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      // JupyterLab's own interfaces begin with I.
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], prefix: ['I'] }
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true }
      ],
      // An empty text from the cloud is as good as none.
      '@typescript-eslint/prefer-nullish-coalescing': [
        'error',
        { ignorePrimitives: { string: true } }
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true }
      ],
      // It does not see what changes during an await, nor which members older JupyterLabs lack.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Signals take the receiver as an argument of its own.
      '@typescript-eslint/unbound-method': 'off',
      // What accompanies a stop has to be here before it starts: the server that would send it is the one that ends.
      'jupyter/prefer-lazy-imports': 'off'
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Node's test runner takes care of the promises of its tests.
      '@typescript-eslint/no-floating-promises': 'off'
    }
  }
);
