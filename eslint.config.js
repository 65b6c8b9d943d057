// Lint holds what the compiler cannot: exhaustive switches, no boolean parameters, sizes that fit on a screen.
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const NO_BOOLEAN_PARAMETER = {
  selector:
    ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression, TSEmptyBodyFunctionExpression) > Identifier.params > TSTypeAnnotation > TSBooleanKeyword',
  message:
    'A boolean parameter hides what is meant at the call; use two functions, a union of words, or an options object.',
};

export default tseslint.config(
  { ignores: ['protos/gen/**', 'dist/**', 'dist-*/**', 'node_modules/**', 'data/**'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', NO_BOOLEAN_PARAMETER],
    },
  },
  {
    // A factory that returns closures is a class in another dress: its methods count, not the whole.
    files: ['core/**', 'adapters/**', 'services/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.test.ts', 'test/**'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'before', 'after', 'beforeEach'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    files: ['eslint.config.js', 'benchmarks/peers/*.mjs', 'deploy/image/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ['deploy/image/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', fetch: 'readonly', AbortSignal: 'readonly' },
    },
  },
);
