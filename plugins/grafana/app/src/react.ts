// Grafana shares React but not react/jsx-runtime: the bundler puts this into every module, and elements are made by createElement.
import * as React from 'react';

export { React };
