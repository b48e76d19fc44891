"""The items on Flask: Werkzeug redirects every method to the path with the slash, OPTIONS among them."""

from flask import Flask, jsonify
from flask_cors import CORS

app = Flask(__name__)
CORS(app, origins=["https://client.example.com"], supports_credentials=True)


@app.route("/items/", methods=["GET", "POST"])
def items():
    return jsonify([{"id": 1, "name": "lamp"}, {"id": 2, "name": "desk"}])
