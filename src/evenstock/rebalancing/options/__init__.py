"""What a company may ask of tonight's plan beyond least expected cost: bands, service, less bad luck, feeds held back."""
