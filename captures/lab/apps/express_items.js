// The items on Express, which without "trust proxy" takes the scheme from its own socket: always http behind a proxy.
'use strict';

const cors = require('cors');
const express = require('express');

const app = express();
app.enable('strict routing');
app.use(cors({ origin: 'https://client.example.com', credentials: true }));

app.all('/items', (req, res) => res.redirect(307, `${req.protocol}://${req.host}/items/`));
app.get('/items/', (req, res) => res.json([{ id: 1, name: 'lamp' }, { id: 2, name: 'desk' }]));
app.post('/items/', express.json(), (req, res) => res.status(201).json({ id: 3, name: req.body.name }));

const [address, port] = process.argv[2].split(':');
app.listen(port, address);
